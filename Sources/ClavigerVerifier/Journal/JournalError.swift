/// Nothing more can be appended: the next segment could not be made, as a rule because the disk is full.
public struct JournalFull: Error, Hashable, Sendable, CustomStringConvertible {
    /// What to change, for the operator.
    public let description: String

    /// Makes an error.
    public init(_ description: String) {
        self.description = description
    }
}

/// Why the journal cannot be opened, read, trimmed or brought to the disk.
///
/// Each is one clear text for the operator; it names files and carries nothing of what they hold.
public enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The folder is missing, is not a folder, or is open to others.
    case folder(String)
    /// A file in the folder is not a segment that this version can read.
    case segment(String)
    /// The system refused.
    case system(String)

    /// One or two sentences that say what to change.
    public var description: String {
        switch self {
        case .folder(let text), .segment(let text), .system(let text): text
        }
    }
}
