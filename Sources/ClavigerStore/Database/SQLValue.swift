/// One value as a database stores it.
///
/// It may hold a digest, a sealed secret or a person's name, so it describes itself by its kind only.
public enum SQLValue: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number; also a truth value (0 or 1) and a time (milliseconds since the epoch).
    case integer(Int64)
    /// A binary64 number.
    case real(Double)
    /// A text in UTF-8.
    case text(String)
    /// Bytes.
    case blob([UInt8])

    /// The kind of the value, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .real: "a real number"
        case .text: "a text"
        case .blob: "bytes"
        }
    }
}

// All three: without the mirror, `dump` and `String(reflecting:)` of a container would show the content.
extension SQLValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind of the value, never the value.
    public var description: String { "<\(self.kind)>" }

    /// The kind of the value, never the value.
    public var debugDescription: String { self.description }

    /// A mirror without content.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
