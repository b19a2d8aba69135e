import ClavigerLog

/// What a witness keeps of a log: the checkpoint that it cosigned last.
///
/// As text it is a signed note: the checkpoint, the log's signature, and the witness's own cosignature, by which it is
/// known again whole.
struct WitnessRecord {
    let note: SignedNote
    let head: WitnessedHead

    /// The record of a checkpoint that is being cosigned.
    init(_ submission: Submission, cosignature: NoteSignature) throws(NoteError) {
        self.note = try SignedNote(submission.checkpoint.text, signatures: [submission.signature, cosignature])
        self.head = submission.head
    }

    /// Reads a record of the log that this witness cosigned; nil for anything else.
    init?(parsing bytes: [UInt8], origin: NoteLine, key: VerifierKey) {
        guard let note = try? SignedNote(parsing: bytes), (try? note.verified(by: [key])) != nil,
            let checkpoint = Checkpoint(parsing: note.text), checkpoint.origin == origin
        else { return nil }
        self.note = note
        self.head = WitnessedHead(size: checkpoint.size, root: checkpoint.root)
    }
}
