public import ClavigerCore

// How the values of the domain are stored.

extension Timestamp: SQLBindable, SQLReadable {
    /// Milliseconds since the epoch.
    public var sqlValue: SQLValue { .integer(self.milliseconds) }

    /// Reads milliseconds since the epoch.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let milliseconds) = sqlValue else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension Identifier: SQLBindable, SQLReadable {
    /// The id as text.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads an id of this kind.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        try? self.init(parsing: text)
    }
}

extension LookupID: SQLBindable, SQLReadable {
    /// The 12 characters.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads 12 characters.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(text)
    }
}

extension ResourceName: SQLBindable, SQLReadable {
    /// The name.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads a name.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        try? self.init(parsing: text)
    }
}

extension EnvironmentName: SQLBindable, SQLReadable {
    /// The name.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads a name.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        try? self.init(parsing: text)
    }
}

extension TokenPrefix: SQLBindable, SQLReadable {
    /// The prefix.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads a prefix.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        try? self.init(parsing: text)
    }
}

extension Label: SQLBindable, SQLReadable {
    /// The text.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads a text of any length that the schema allows.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        try? self.init(parsing: text, atMost: 1024)
    }
}

extension Metadata: SQLBindable, SQLReadable {
    /// The members as JSON.
    public var sqlValue: SQLValue { .text(self.text) }

    /// Reads a JSON object.
    public init?(sqlValue: SQLValue) {
        guard let object = JSON(sqlValue: sqlValue)?.object else { return nil }
        try? self.init(object)
    }
}

extension JSON: SQLBindable, SQLReadable {
    /// The value as JSON text.
    public var sqlValue: SQLValue { .text(String(decoding: self.serialized(), as: UTF8.self)) }

    /// Reads JSON text.
    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue, let json = try? JSON.parse(Array(text.utf8)) else { return nil }
        self = json
    }
}

/// Scopes in one column, as a JSON array.
struct ScopeList: SQLBindable, SQLReadable {
    let scopes: [Scope]

    init(_ scopes: [Scope]) {
        self.scopes = scopes
    }

    var sqlValue: SQLValue { JSON.array(self.scopes.map { .string($0.text) }).sqlValue }

    init?(sqlValue: SQLValue) {
        guard let texts = JSON(sqlValue: sqlValue)?.array else { return nil }
        var scopes: [Scope] = []
        for text in texts {
            guard let text = text.string, let scope = try? Scope(parsing: text) else { return nil }
            scopes.append(scope)
        }
        self.scopes = scopes
    }
}

extension Row {
    /// Reads a column whose text names a case.
    func name<T: RawRepresentable>(_ column: String, as: T.Type = T.self) throws -> T where T.RawValue == String {
        guard let value = T(rawValue: try self.value(column)) else { throw Self.unreadable(column) }
        return value
    }

    static func unreadable(_ column: String) -> DatabaseError {
        .failed("Column \(column) holds a value that this version does not know.")
    }
}
