public import ClavigerLog

/// A small transparency log in memory, which can show different people different trees.
///
/// It makes proofs as RFC 6962 defines them, from all leaves, with nothing of the code that is tested but the hashes.
public struct TestLog: Sendable {
    /// The leaves of this log.
    public private(set) var leaves: [LogHash]
    /// What its checkpoints begin with.
    public let origin: NoteLine
    /// Who signs them.
    public let signer: NoteSigner

    /// A log could not be made of what was given.
    public struct Failure: Error {
        /// Says so.
        public init() {}
    }

    /// Makes a log with the leaves `0`, `1`, … of a branch.
    ///
    /// - Parameters:
    ///   - origin: the name of the log; nil for that of its key.
    ///   - seed: another number makes another key.
    public init(_ size: Int, name: String = "log.example/test", origin: String? = nil, seed: UInt8 = 1) throws {
        guard let keyName = NoteKeyName(name), let line = NoteLine(origin ?? name),
            let signer = NoteSigner(name: keyName, seed: [UInt8](repeating: seed, count: NoteSigner.seedLength))
        else { throw Failure() }
        self.origin = line
        self.signer = signer
        self.leaves = (0..<size).map { LogHash.leaf(Array("main \($0)".utf8)) }
    }

    /// The log as somebody else sees it: the same up to a size, then other leaves up to the size that it has here.
    public func forked(after size: Int, branch: String = "fork") -> TestLog {
        var fork = self
        fork.leaves = self.leaves.indices.map { index in
            index < size ? self.leaves[index] : LogHash.leaf(Array("\(branch) \(index)".utf8))
        }
        return fork
    }

    /// The key that checks the log's signatures.
    public var key: VerifierKey { self.signer.verifierKey }

    /// The root of the first leaves.
    public func root(_ size: Int) -> LogHash {
        Self.root(self.leaves[..<size])
    }

    /// The checkpoint of the first leaves, not signed.
    public func checkpoint(_ size: Int) throws -> Checkpoint {
        guard let checkpoint = Checkpoint(origin: self.origin, size: UInt64(size), root: self.root(size)) else {
            throw Failure()
        }
        return checkpoint
    }

    /// What the log sends to a witness.
    ///
    /// - Parameter hashes: the proof; nil for the right one.
    public func request(from older: Int, to size: Int, hashes: [LogHash]? = nil) throws -> AddCheckpointRequest {
        let note = try self.checkpoint(size).signed(by: self.signer)
        let proof = hashes ?? self.proof(from: older, to: size)
        guard let request = AddCheckpointRequest(olderSize: UInt64(older), hashes: proof, checkpoint: note) else {
            throw Failure()
        }
        return request
    }

    /// The consistency proof (RFC 6962, section 2.1.2).
    public func proof(from older: Int, to size: Int) -> [LogHash] {
        older > 0 && older < size ? Self.subproof(older, self.leaves[..<size], isWhole: true) : []
    }

    private static func subproof(_ older: Int, _ leaves: ArraySlice<LogHash>, isWhole: Bool) -> [LogHash] {
        guard older < leaves.count else { return isWhole ? [] : [Self.root(leaves)] }
        let (left, right) = Self.halves(leaves)
        return older <= left.count
            ? Self.subproof(older, left, isWhole: isWhole) + [Self.root(right)]
            : Self.subproof(older - left.count, right, isWhole: false) + [Self.root(left)]
    }

    private static func root(_ leaves: ArraySlice<LogHash>) -> LogHash {
        guard leaves.count > 1 else { return leaves.first ?? .emptyRoot }
        let (left, right) = Self.halves(leaves)
        return .node(Self.root(left), Self.root(right))
    }

    /// The largest power of two below the length goes to the left.
    private static func halves(_ leaves: ArraySlice<LogHash>) -> (ArraySlice<LogHash>, ArraySlice<LogHash>) {
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        return (leaves.prefix(half), leaves.dropFirst(half))
    }
}
