/// What a log sends to a witness to be cosigned: the body of `POST /add-checkpoint` (c2sp.org/tlog-witness).
public struct AddCheckpointRequest: Hashable, Sendable {
    /// The most hashes that a request may carry.
    public static let mostHashes = 63
    /// The most bytes of a body.
    public static let longest = SignedNote.longest + 4096

    /// The size that the log believes the witness cosigned last; 0 for none.
    public let olderSize: UInt64
    /// The consistency proof from the older size to that of the checkpoint.
    public let hashes: [LogHash]
    /// The signed checkpoint.
    ///
    /// Not to be believed before it is verified.
    public let checkpoint: SignedNote

    /// Puts a request together; nil for more hashes than it can carry.
    public init?(olderSize: UInt64, hashes: [LogHash], checkpoint: SignedNote) {
        guard hashes.count <= Self.mostHashes else { return nil }
        self.olderSize = olderSize
        self.hashes = hashes
        self.checkpoint = checkpoint
    }

    /// Reads a body; nil for what is none.
    public init?(parsing bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.longest,
            let (head, rest) = ByteText.atFirstBlankLine(Array(bytes)), var lines = ByteText.lines(head)?[...],
            let olderSize = lines.popFirst().flatMap({ ByteText.after("old ", in: $0) }).flatMap(Decimal.number)
        else { return nil }
        let hashes = lines.compactMap { Base64.decode($0).flatMap { LogHash($0) } }
        guard hashes.count == lines.count, let checkpoint = try? SignedNote(parsing: rest),
            Checkpoint(parsing: checkpoint.text) != nil
        else { return nil }
        self.init(olderSize: olderSize, hashes: hashes, checkpoint: checkpoint)
    }

    /// The body.
    public var bytes: [UInt8] {
        let head = "old \(self.olderSize)\n" + self.hashes.map { $0.base64 + "\n" }.joined() + "\n"
        return Array(head.utf8) + self.checkpoint.bytes
    }
}
