/// Why the database could not do what it was asked.
///
/// The messages are for the operator's log and say what to do. They carry no bound values.
public enum DatabaseError: Error, Sendable, Hashable {
    /// Locked or busy: another process holds it, or it is closing. Trying again later may work.
    case unavailable(String)
    /// The disk, or the quota, is full.
    case full
    /// The file or its folder cannot be written.
    case readOnly
    /// The file is damaged.
    case corrupt(String)
    /// The file is not a database of Claviger.
    case foreign(String)
    /// The database was written by a newer version of Claviger.
    case newerSchema(found: Int, supported: Int)
    /// The statement would break a rule of the schema.
    case constraint(ConstraintViolation)
    /// Anything else.
    case failed(String)
}

/// Which rule of the schema a statement would break.
public enum ConstraintViolation: Sendable, Hashable {
    /// Another row has the same values in these columns (`table.column`).
    case unique(columns: [String])
    /// A row that is referred to does not exist, or a row that is to be deleted is still referred to.
    case foreignKey
    /// A `CHECK` is not met; names it, or shows its condition.
    case check(String)
    /// A column (`table.column`) would be null.
    case notNull(column: String)
    /// A trigger refused, with its message.
    case refused(String)
    /// Another rule, such as the type of a column.
    case other(String)
}

extension DatabaseError: CustomStringConvertible {
    /// What happened and what to do about it.
    public var description: String {
        switch self {
        case .unavailable(let message), .foreign(let message), .failed(let message):
            message
        case .full:
            "The disk that holds the database is full. Nothing was changed; free some space and try again."
        case .readOnly:
            """
            The database cannot be written. Check that the data folder is not on a read-only file system and that \
            this user may write in it.
            """
        case .corrupt(let message):
            """
            The database is damaged: \(message). Stop the server, keep a copy of the data folder, and restore the \
            last backup with `claviger restore`.
            """
        case .newerSchema(let found, let supported):
            """
            The database has schema version \(found), and this version of claviger knows versions up to \
            \(supported). Start a newer claviger, or restore a backup that this version made.
            """
        case .constraint(let violation):
            violation.description
        }
    }
}

extension ConstraintViolation: CustomStringConvertible {
    /// The rule, without values.
    public var description: String {
        switch self {
        case .unique(let columns): "Another row has the same \(columns.joined(separator: ", "))."
        case .foreignKey: "A row that another refers to is missing."
        case .check(let rule): "A value does not meet the rule \(rule)."
        case .notNull(let column): "Column \(column) needs a value."
        case .refused(let message): message
        case .other(let message): message
        }
    }
}
