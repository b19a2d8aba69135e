/// What was checked of a log in which nothing is wrong.
public struct LogReport: Hashable, Sendable {
    /// A rotation that was followed.
    public struct Rotation: Hashable, Sendable {
        /// The entry that it stands in.
        public let index: UInt64
        /// The rotation.
        public let rotation: KeyRotation

        init(index: UInt64, rotation: KeyRotation) {
            self.index = index
            self.rotation = rotation
        }
    }

    /// The checkpoint, with its note and the cosignatures of trusted witnesses.
    public let checkpoint: VerifiedCheckpoint
    /// The keys of the log that signed the checkpoint.
    public let signers: [VerifierKey]
    /// The rotations that led from the trusted keys to others, in the order of the log.
    public let rotations: [Rotation]
    /// The first entry that was checked.
    ///
    /// More than 0 if the log was pruned: of the entries below it only hashes were there, which fit the root.
    public let firstIndex: UInt64
    /// The earlier checkpoint, if there was one: the log begins with the entries that it had then.
    public let earlier: VerifiedCheckpoint?

    /// The number of entries of the log.
    public var size: UInt64 { self.checkpoint.checkpoint.size }
    /// The root of the log.
    public var root: LogHash { self.checkpoint.checkpoint.root }
    /// How many entries were read and checked.
    public var entriesChecked: UInt64 { self.size - self.firstIndex }
    /// The signatures of trusted witnesses.
    public var cosignatures: [VerifiedNote.Signature] { self.checkpoint.cosignatures }
    /// The entries that could not be checked, as they were pruned.
    public var entriesNotChecked: Range<UInt64> { 0..<self.firstIndex }

    init(
        checkpoint: VerifiedCheckpoint,
        signers: [VerifierKey],
        rotations: [Rotation],
        firstIndex: UInt64,
        earlier: VerifiedCheckpoint?
    ) {
        self.checkpoint = checkpoint
        self.signers = signers
        self.rotations = rotations
        self.firstIndex = firstIndex
        self.earlier = earlier
    }
}
