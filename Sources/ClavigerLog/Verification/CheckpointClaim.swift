/// A checkpoint of the right log whose signatures are not to be believed yet.
struct CheckpointClaim {
    let head: LogFault.Head
    let note: SignedNote
    let checkpoint: Checkpoint

    init(_ head: LogFault.Head, _ note: SignedNote, origin: NoteLine) throws(LogFault) {
        guard let checkpoint = Checkpoint(parsing: note.text) else { throw .malformedCheckpoint(head) }
        guard checkpoint.origin == origin else { throw .wrongOrigin(head) }
        self.head = head
        self.note = note
        self.checkpoint = checkpoint
    }
}

extension Checkpoint {
    /// What is wrong if both this checkpoint and an earlier one are signed, as far as it shows without entries.
    func contradiction(to earlier: Checkpoint) -> LogFault? {
        if earlier.size > self.size { return .rolledBack(size: self.size, earlierSize: earlier.size) }
        if earlier.size == self.size, earlier.root != self.root {
            return .notConsistent(size: self.size, earlierSize: earlier.size)
        }
        return nil
    }
}
