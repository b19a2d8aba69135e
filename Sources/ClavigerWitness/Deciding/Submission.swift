public import ClavigerLog

/// The tree of a log that a witness cosigned last.
public struct WitnessedHead: Hashable, Sendable {
    /// The number of leaves.
    public let size: UInt64
    /// The root.
    public let root: LogHash

    /// Names a tree.
    public init(size: UInt64, root: LogHash) {
        self.size = size
        self.root = root
    }
}

/// A checkpoint that a known log signed, with the proof that is to lead to it.
///
/// There is none whose signature was not checked.
public struct Submission: Hashable, Sendable {
    /// The checkpoint.
    public let checkpoint: Checkpoint
    /// The log's signature.
    public let signature: NoteSignature
    /// The size that the log believes was cosigned last.
    public let olderSize: UInt64

    private let hashes: [LogHash]

    /// Reads the body of a request and checks the signature of its checkpoint.
    public init(parsing body: some Collection<UInt8>, from logs: KnownLogs) throws(WitnessRefusal) {
        guard let request = AddCheckpointRequest(parsing: body),
            let checkpoint = Checkpoint(parsing: request.checkpoint.text)
        else { throw .malformed }
        guard let keys = logs.keys(of: checkpoint.origin) else { throw .unknownOrigin }
        let isByLog = { (signature: NoteSignature) in
            keys.contains { $0.name == signature.name && $0.id == signature.id }
        }
        guard (try? request.checkpoint.verified(by: keys)) != nil,
            let signature = request.checkpoint.signatures.first(where: isByLog)
        else { throw .notSigned }
        guard request.olderSize <= checkpoint.size else { throw .olderSizeTooLarge }
        self.checkpoint = checkpoint
        self.signature = signature
        self.olderSize = request.olderSize
        self.hashes = request.hashes
    }

    /// The tree of the checkpoint.
    public var head: WitnessedHead {
        WitnessedHead(size: self.checkpoint.size, root: self.checkpoint.root)
    }

    /// Decides, given the tree of this log that was cosigned last; nil for none.
    public func decision(after last: WitnessedHead?) -> WitnessDecision {
        // Who never cosigned anything has seen the empty tree.
        let last = last ?? WitnessedHead(size: 0, root: .emptyRoot)
        guard self.olderSize == last.size else { return .refuse(.conflict(lastSize: last.size)) }
        if self.checkpoint.size == last.size, self.checkpoint.root != last.root {
            return .refuse(.forked(size: last.size))
        }
        return self.proves(last) ? .cosign : .refuse(.inconsistent)
    }

    private func proves(_ last: WitnessedHead) -> Bool {
        // The empty tree is the beginning of every tree; a proof of it would prove something else.
        guard last.size > 0 else { return self.hashes.isEmpty }
        return ConsistencyProof(olderSize: last.size, size: self.checkpoint.size, hashes: self.hashes)
            .proves(last.root, isIn: self.checkpoint.root)
    }
}
