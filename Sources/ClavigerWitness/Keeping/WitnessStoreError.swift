/// Why a witness cannot use what it keeps.
///
/// It then cosigns nothing of that log: it might have cosigned something that it does not know any more.
public enum WitnessStoreError: Error, Hashable, Sendable {
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The file does not hold a checkpoint of this log that this witness cosigned.
    case damaged(path: String)
    /// The file is gone.
    case missing(path: String)
    /// The file is older than what this process has cosigned.
    case rolledBack(path: String)
    /// The file cannot be written.
    case unwritable(path: String, reason: String)
    /// There is no list of the logs that were cosigned, and so no telling whether their files are all there.
    case withoutIndex(path: String)
}

extension WitnessStoreError: CustomStringConvertible {
    /// One sentence that says what is wrong, and what to do where anything can be done.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path) cannot be read (\(reason))."
        case .damaged(let path): "\(path) is damaged, or another witness wrote it."
        case .missing(let path): "\(path) is gone, and something of that log was cosigned."
        case .rolledBack(let path): "\(path) was replaced by an older one, or by another."
        case .unwritable(let path, let reason): "\(path) cannot be written (\(reason))."
        case .withoutIndex(let path):
            "\(path) is missing: this is the key of a witness without what it has cosigned. Begin a new witness, with "
                + "another name, in an empty folder."
        }
    }
}
