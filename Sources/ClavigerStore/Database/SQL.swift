/// A statement whose text was written in this program and whose values travel beside it.
///
/// ```swift
/// let byName: SQL = "SELECT id FROM apis WHERE workspace_id = \(workspace) AND name = \(name)"
/// ```
///
/// An interpolation binds a value; it never becomes text. The literal parts are `StaticString`, so the compiler
/// refuses a `String` that was put together at run time: no input can reach the text of a statement.
/// Only another `SQL` can be spliced, with `\(sql: condition)`.
///
/// The text does not contain placeholders yet; the driver renders the ones that its engine understands.
public struct SQL: Sendable {
    /// A part of a statement.
    enum Fragment: Sendable {
        case literal(StaticString)
        case bind(SQLValue)
    }

    var fragments: [Fragment]

    /// The values to bind, in the order of their placeholders.
    public var binds: [SQLValue] {
        self.fragments.compactMap { fragment in
            guard case .bind(let value) = fragment else { return nil }
            return value
        }
    }

    /// The same statement with other values, as many as it has.
    func binding(_ values: [SQLValue]) throws(DatabaseError) -> SQL {
        var rest = values[...]
        var bound = self
        for (position, fragment) in self.fragments.enumerated() {
            guard case .bind = fragment else { continue }
            guard let value = rest.popFirst() else { throw Self.wrongCount }
            bound.fragments[position] = .bind(value)
        }
        guard rest.isEmpty else { throw Self.wrongCount }
        return bound
    }

    private static var wrongCount: DatabaseError { .failed("A row does not have as many values as its statement.") }

    /// Renders the text, with one placeholder for each value.
    ///
    /// - Parameter placeholder: gives the placeholder for the position of a value, counted from 1:
    ///   `?` in SQLite, `$1` in PostgreSQL.
    public func text(placeholder: (_ position: Int) -> String) -> String {
        var text = ""
        var position = 0
        for fragment in self.fragments {
            switch fragment {
            case .literal(let literal):
                literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
            case .bind:
                position += 1
                text += placeholder(position)
            }
        }
        return text
    }

    /// Puts statements or conditions together, with text between them.
    ///
    /// ```swift
    /// "WHERE \(sql: .joined(conditions, separator: " AND "))"
    /// ```
    public static func joined(_ parts: some Collection<SQL>, separator: SQL) -> SQL {
        var fragments: [Fragment] = []
        for part in parts {
            if !fragments.isEmpty {
                fragments += separator.fragments
            }
            fragments += part.fragments
        }
        return SQL(fragments: fragments)
    }

    /// Appends a statement's text and values to another's.
    public static func += (left: inout SQL, right: SQL) {
        left.fragments += right.fragments
    }

    /// A statement's text and values, followed by another's.
    public static func + (left: SQL, right: SQL) -> SQL {
        SQL(fragments: left.fragments + right.fragments)
    }
}

extension SQL: ExpressibleByStringInterpolation {
    /// A statement without values.
    public init(stringLiteral value: StaticString) {
        self.fragments = [.literal(value)]
    }

    /// A statement with its values.
    public init(stringInterpolation: Interpolation) {
        self.fragments = stringInterpolation.fragments
    }

    /// Collects the parts of a literal.
    public struct Interpolation: StringInterpolationProtocol {
        var fragments: [Fragment] = []

        /// Prepares for a literal.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.fragments.reserveCapacity(2 * interpolationCount + 1)
        }

        /// Adds text from the source code.
        public mutating func appendLiteral(_ literal: StaticString) {
            guard literal.utf8CodeUnitCount > 0 else { return }
            self.fragments.append(.literal(literal))
        }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some SQLBindable) {
            self.fragments.append(.bind(value.sqlValue))
        }

        /// Binds a value or null.
        ///
        /// A function of its own, because the compiler warns about optional values in the general one.
        public mutating func appendInterpolation(_ value: (some SQLBindable)?) {
            self.fragments.append(.bind(value.sqlValue))
        }

        /// Leaves room for the values of a row, for a statement that runs once for each of many: `(?, ?, ?)`.
        public mutating func appendInterpolation(parameters count: Int) {
            self.appendInterpolation(list: [SQLValue](repeating: .null, count: count))
        }

        /// Splices a statement, a condition or a list of columns.
        public mutating func appendInterpolation(sql: SQL) {
            self.fragments += sql.fragments
        }

        /// Binds the values of a list, for `IN`: `(?, ?, ?)`.
        ///
        /// An empty list becomes `(NULL)`, which no value is in (and no value is `NOT IN` either).
        public mutating func appendInterpolation(list values: some Collection<some SQLBindable>) {
            guard !values.isEmpty else {
                self.fragments.append(.literal("(NULL)"))
                return
            }
            self.fragments.append(.literal("("))
            for (position, value) in values.enumerated() {
                if position > 0 {
                    self.fragments.append(.literal(", "))
                }
                self.fragments.append(.bind(value.sqlValue))
            }
            self.fragments.append(.literal(")"))
        }
    }
}

// The bound values may be secret or personal: only the text is ever shown.
extension SQL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text with placeholders, without the values.
    public var description: String { self.text { _ in "?" } }

    /// The text with placeholders, without the values.
    public var debugDescription: String { self.description }

    /// A mirror without content.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
