/// Why a proof that stands in a file is refused.
public enum LogProofError: Error, Hashable, Sendable {
    /// More bytes than ``LogProof/longest``.
    case tooLong
    /// Not the lines of a proof, or no signed checkpoint below them.
    case malformed
    /// The checkpoint is refused.
    case checkpoint(CheckpointError)
    /// The entry is not at this index of the log, as far as these hashes prove.
    case notIncluded
}

/// All that proves offline that an entry is in a log: `c2sp.org/tlog-proof@v1`.
public struct LogProof: Hashable, Sendable {
    /// The most bytes of a proof.
    public static let longest = 2 * SignedNote.longest

    /// What the application added; nothing vouches for it.
    public let extra: [UInt8]?
    /// The place of the entry in the log.
    public let index: UInt64
    /// The inclusion proof, from the sibling of the leaf up.
    public let hashes: [LogHash]
    /// The signed checkpoint of the tree that the entry is in.
    public let checkpoint: SignedNote

    /// Puts a proof together; nil for an empty `extra` or too many hashes, which have no form.
    public init?(index: UInt64, hashes: [LogHash], checkpoint: SignedNote, extra: [UInt8]? = nil) {
        guard extra.map({ !$0.isEmpty }) ?? true, hashes.count <= InclusionProof.mostHashes else { return nil }
        self.extra = extra
        self.index = index
        self.hashes = hashes
        self.checkpoint = checkpoint
    }

    /// Reads a proof.
    public init(parsing bytes: some Collection<UInt8>) throws(LogProofError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        guard let (head, rest) = ByteText.atFirstBlankLine(Array(bytes)), var lines = ByteText.lines(head)?[...],
            lines.popFirst().map({ $0.elementsEqual(Self.firstLine.utf8) }) == true
        else { throw .malformed }
        var extra: [UInt8]?
        if let text = lines.first.flatMap({ ByteText.after("extra ", in: $0) }) {
            guard let bytes = Base64.decode(text) else { throw .malformed }
            extra = bytes
            lines.removeFirst()
        }
        guard let index = lines.popFirst().flatMap({ ByteText.after("index ", in: $0) }).flatMap(Decimal.number) else {
            throw .malformed
        }
        let hashes = lines.compactMap { Base64.decode($0).flatMap { LogHash($0) } }
        guard hashes.count == lines.count, let checkpoint = try? SignedNote(parsing: rest),
            Checkpoint(parsing: checkpoint.text) != nil,
            let proof = LogProof(index: index, hashes: hashes, checkpoint: checkpoint, extra: extra)
        else { throw .malformed }
        self = proof
    }

    /// The whole proof, as it is stored in a file.
    public var bytes: [UInt8] {
        var text = Self.firstLine + "\n"
        if let extra = self.extra { text += "extra \(Base64.encode(extra))\n" }
        text += "index \(self.index)\n"
        for hash in self.hashes { text += hash.base64 + "\n" }
        return Array(text.utf8) + [ByteText.newline] + self.checkpoint.bytes
    }

    /// Checks that the entry is in a log that one believes.
    ///
    /// - Returns: The checkpoint of the tree that the entry is in.
    @discardableResult
    public func verify(
        entry: some Collection<UInt8>,
        by policy: LogPolicy
    ) throws(LogProofError) -> VerifiedCheckpoint {
        let verified: VerifiedCheckpoint
        do {
            verified = try policy.verify(self.checkpoint)
        } catch {
            throw .checkpoint(error)
        }
        let head = verified.checkpoint
        let proof = InclusionProof(index: self.index, size: head.size, hashes: self.hashes)
        guard proof.proves(.leaf(entry), in: head.root) else { throw .notIncluded }
        return verified
    }

    private static let firstLine = "c2sp.org/tlog-proof@v1"
}
