/// A checkpoint that the log signed and enough witnesses cosigned.
///
/// Only ``LogPolicy/verify(_:)`` makes one.
public struct VerifiedCheckpoint: Hashable, Sendable {
    /// The checkpoint.
    public let checkpoint: Checkpoint
    /// The note that it was in.
    public let note: SignedNote
    /// The signatures of known witnesses.
    public let cosignatures: [VerifiedNote.Signature]

    init(_ checkpoint: Checkpoint, note: SignedNote, cosignatures: [VerifiedNote.Signature]) {
        self.checkpoint = checkpoint
        self.note = note
        self.cosignatures = cosignatures
    }
}
