/// A type whose values can be read from a column.
public protocol SQLReadable {
    /// Reads a stored value; `nil` when it does not have the right kind or shape.
    init?(sqlValue: SQLValue)
}

extension SQLValue: SQLReadable {
    /// Takes the value as it is.
    public init?(sqlValue: SQLValue) {
        self = sqlValue
    }
}

extension Int64: SQLReadable {
    /// Reads an integer.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let integer) = sqlValue else { return nil }
        self = integer
    }
}

extension Int: SQLReadable {
    /// Reads an integer.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let integer) = sqlValue else { return nil }
        self.init(exactly: integer)
    }
}

extension Bool: SQLReadable {
    /// Reads 0 or 1; any other number is not a truth value.
    public init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .integer(0): self = false
        case .integer(1): self = true
        default: return nil
        }
    }
}

extension Double: SQLReadable {
    /// Reads a real number.
    public init?(sqlValue: SQLValue) {
        guard case .real(let real) = sqlValue else { return nil }
        self = real
    }
}

extension String: SQLReadable {
    /// Reads a text.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self = text
    }
}

extension Array: SQLReadable where Element == UInt8 {
    /// Reads bytes.
    public init?(sqlValue: SQLValue) {
        guard case .blob(let bytes) = sqlValue else { return nil }
        self = bytes
    }
}

extension Optional: SQLReadable where Wrapped: SQLReadable {
    /// Reads null as `nil`, and anything else as the wrapped type.
    public init?(sqlValue: SQLValue) {
        if case .null = sqlValue {
            self = .none
            return
        }
        guard let wrapped = Wrapped(sqlValue: sqlValue) else { return nil }
        self = .some(wrapped)
    }
}
