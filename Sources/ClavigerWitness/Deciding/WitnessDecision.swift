/// What a witness does with a checkpoint.
public enum WitnessDecision: Hashable, Sendable {
    /// The checkpoint continues what was cosigned last: it is kept, then cosigned.
    case cosign
    /// It does not.
    case refuse(WitnessRefusal)
}

/// Why a witness does not cosign: every refusal of c2sp.org/tlog-witness.
public enum WitnessRefusal: Error, Hashable, Sendable {
    /// The body is not a request to add a checkpoint.
    case malformed
    /// The older size is larger than that of the checkpoint.
    case olderSizeTooLarge
    /// No known key of the log signed it, or a signature that names one is not by it.
    case notSigned
    /// The log is not one that this witness watches.
    case unknownOrigin
    /// The older size is not the size that was cosigned last.
    case conflict(lastSize: UInt64)
    /// The same size was cosigned with another root: the log shows different people different trees.
    case forked(size: UInt64)
    /// The proof does not show that the checkpoint continues what was cosigned last.
    case inconsistent
}
