/// What a key gets that does not say it itself.
public struct PolicyTemplate: Hashable, Sendable {
    /// The scopes of a key that names none.
    public var scopes: [Scope] = []
    /// Members of the metadata that a key does not have.
    public var metadata = JSONObject()
    /// The life of a key that does not say when it ends.
    public var lifetime: Duration?

    /// Makes a template that fills nothing in.
    public init() {}

    /// Whether nothing is filled in.
    var isEmpty: Bool { self.scopes.isEmpty && self.metadata.isEmpty && self.lifetime == nil }
}

extension PolicyTemplate {
    /// Reads `{"scopes"?, "metadata"?, "lifetime"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        self.scopes = reader.distinct("scopes", atMost: ScopeRules.longestList, Scope.init(parsing:))
        self.lifetime = reader.duration("lifetime")
        self.metadata = reader.optionalObject("metadata") ?? JSONObject()
        if (try? Metadata(self.metadata)) == nil { reader.refuse("metadata", "must take at most 4,096 bytes as JSON") }
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read.
    var json: JSON {
        [
            "scopes": JSON.texts(self.scopes.map(\.text)),
            "metadata": self.metadata.isEmpty ? nil : .object(self.metadata),
            "lifetime": self.lifetime.map(JSON.duration),
        ]
    }
}
