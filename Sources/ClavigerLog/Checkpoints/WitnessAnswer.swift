/// What became of asking a witness for a cosignature.
public enum WitnessAnswer: Hashable, Sendable {
    /// It cosigned: the first signature line for the checkpoint that the witness's key checks.
    case cosigned(NoteSignature)
    /// It cosigned last at another size than the request said, or at this one with another root.
    ///
    /// Nobody signed the number: it may choose the proof to send next, and decide nothing. If it is the size of the
    /// request, asking again changes nothing: the witness saw another tree of that size.
    case conflict(lastSize: UInt64)
    /// It refused with this status of HTTP, or gave an answer of that status that is none of c2sp.org/tlog-witness.
    case refused(status: Int)
    /// It said that it cosigned, and nothing in its answer is a good cosignature by its key.
    case unverified
    /// There was no whole answer in time, or one that is too long.
    case unreachable
}
