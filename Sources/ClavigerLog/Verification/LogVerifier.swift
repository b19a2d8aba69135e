/// Checks a whole published log: every entry, every tile, the root and the signatures (c2sp.org/tlog-tiles).
///
/// Reads each resource once, in the order of the entries, and keeps one tile per level and two bundles.
public struct LogVerifier: Sendable {
    /// The application's own check of an entry, given its index and its bytes.
    ///
    /// It may find a key rotation in the entry. It sees entries before it is known whether they are in the log that was
    /// signed: nothing of them is to be believed before the verification is done. What it throws comes out as the reason
    /// of a ``RefusedEntry``.
    public typealias EntryCheck = (_ index: UInt64, _ entry: ArraySlice<UInt8>) throws -> KeyRotation?
    /// Told how many entries are done, of how many.
    public typealias Progress = (_ done: UInt64, _ total: UInt64) -> Void

    private let reader: any LogReading
    private let policy: LogPolicy
    private let earlier: SignedNote?
    private let minimumIndex: UInt64

    /// Takes a log and what is demanded of it.
    ///
    /// - Parameters:
    ///   - reader: Where the log is read from.
    ///   - policy: The name of the log, the keys that are trusted and the witnesses.
    ///   - earlier: A checkpoint that the log had before: it must still begin with the same entries. Signed by a key of the
    ///     log; witnesses need not have cosigned it.
    ///   - minimumIndex: Entries below may have been pruned; 0 for a log that is whole. What is checked begins with the
    ///     bundle that has this entry. If tiles are missing that a comparison with the earlier checkpoint needs, that is a
    ///     fault: it was asked for, and must not pass for done.
    public init(
        _ reader: any LogReading,
        policy: LogPolicy,
        earlier: SignedNote? = nil,
        minimumIndex: UInt64 = 0
    ) {
        self.reader = reader
        self.policy = policy
        self.earlier = earlier
        self.minimumIndex = minimumIndex
    }

    /// Checks everything, and stops at the first thing that is wrong.
    ///
    /// If the keys that are trusted did not sign the checkpoint, the entries are checked all the same, and rotations that
    /// are found in them may lead to the keys that did.
    ///
    /// - Throws: ``LogFault``, ``RefusedEntry``, or what the reader threw.
    public nonisolated(nonsending) func verify(
        onEntry: EntryCheck = { _, _ in nil },
        onProgress: Progress = { _, _ in }
    ) async throws -> LogReport {
        try await self.verify(opening: self.reader, onEntry: onEntry, onProgress: onProgress)
    }

    private nonisolated(nonsending) func verify<Reader: LogReading>(
        opening reader: Reader,
        onEntry: EntryCheck,
        onProgress: Progress
    ) async throws -> LogReport {
        let present = try await self.claim(in: reader)
        let earlier = try self.earlier.map { note throws(LogFault) in
            try CheckpointClaim(.earlier, note, origin: self.policy.origin)
        }
        let trust = KeyTrust(policy: self.policy)
        // What can be told without entries is told before they are read.
        let isSigned = try trust.verify(present) != nil
        if let earlier, try trust.verify(earlier) != nil, isSigned,
            let fault = present.checkpoint.contradiction(to: earlier.checkpoint)
        {
            throw fault
        }
        let size = present.checkpoint.size
        guard self.minimumIndex <= size else { throw LogFault.wrongMinimumIndex(self.minimumIndex, size: size) }

        let fetcher = LogFetcher(reader: reader, layout: TileLayout(size: size))
        let first = self.minimumIndex >> 8
        var walk = try await Self.start(first, fetcher, trust: trust, earlierSize: earlier?.checkpoint.size)
        var part = try await fetcher.part(first)
        while let current = part {
            try Task.checkCancellation()
            let following = current.bundle.index + 1
            // Read while this one is being hashed.
            async let next = fetcher.part(following)
            try walk.check(current, onEntry: onEntry)
            onProgress(walk.head.size - first << 8, size - first << 8)
            part = try await next
        }
        return try await self.judge(walk, present, earlier, firstIndex: first << 8, fetcher)
    }

    private func claim(in reader: some LogReading) async throws -> CheckpointClaim {
        guard let bytes = try await reader.read(.checkpoint) else { throw LogFault.missing(.checkpoint) }
        guard let note = try? SignedNote(parsing: bytes) else { throw LogFault.malformedCheckpoint(.present) }
        return try CheckpointClaim(.present, note, origin: self.policy.origin)
    }

    /// Begins with a bundle: for a pruned log, with the hashes of all that is before it.
    private static func start(
        _ first: UInt64,
        _ fetcher: LogFetcher<some LogReading>,
        trust: KeyTrust,
        earlierSize: UInt64?
    ) async throws -> LogWalk {
        var tiles: [Tile] = []
        for level in 1..<max(1, fetcher.layout.levels) {
            guard let index = fetcher.layout.tile(level: level, covering: first << 8), index.firstEntry < first << 8
            else { continue }
            tiles.append(try await fetcher.tile(index))
        }
        return LogWalk(resuming: first << 8, tiles: tiles, trust: trust, earlierSize: earlierSize)
    }

    /// Decides when all entries and tiles fit each other.
    private func judge(
        _ walk: LogWalk,
        _ present: CheckpointClaim,
        _ earlier: CheckpointClaim?,
        firstIndex: UInt64,
        _ fetcher: LogFetcher<some LogReading>
    ) async throws -> LogReport {
        let checkpoint = present.checkpoint
        // First the root: rotations count only if the checkpoint speaks of the log that they were found in, and two
        // checkpoints contradict each other only if the entries are those of one of them.
        guard walk.head.root == checkpoint.root else {
            throw LogFault.rootDiffers(size: checkpoint.size, computed: walk.head.root, firstIndex: firstIndex)
        }
        let verified = try Self.verify(present, by: walk.trust, firstIndex: firstIndex)
        var verifiedEarlier: VerifiedCheckpoint?
        if let earlier {
            verifiedEarlier = try Self.verify(earlier, by: walk.trust, firstIndex: firstIndex)
            if let fault = checkpoint.contradiction(to: earlier.checkpoint) { throw fault }
            let earlierRoot: LogHash
            if let root = walk.earlierRoot {
                earlierRoot = root
            } else {
                let tree = PrunedTree(fetcher: fetcher, root: checkpoint.root, minimumIndex: self.minimumIndex)
                earlierRoot = try await tree.root(ofSize: earlier.checkpoint.size)
            }
            guard earlierRoot == earlier.checkpoint.root else {
                throw LogFault.notConsistent(size: checkpoint.size, earlierSize: earlier.checkpoint.size)
            }
        }
        return LogReport(
            checkpoint: verified,
            signers: walk.trust.keys.filter { key in present.note.signatures.contains { key.isNamed(by: $0) } },
            rotations: walk.trust.rotations,
            firstIndex: firstIndex,
            earlier: verifiedEarlier
        )
    }

    private static func verify(
        _ claim: CheckpointClaim,
        by trust: KeyTrust,
        firstIndex: UInt64
    ) throws(LogFault) -> VerifiedCheckpoint {
        if let verified = try trust.verify(claim) { return verified }
        throw .signature(
            claim.head,
            .notTrusted(
                rotations: trust.rotations.count,
                rotationsThatDoNotCount: trust.rotationsThatDoNotCount,
                firstIndex: firstIndex
            )
        )
    }
}
