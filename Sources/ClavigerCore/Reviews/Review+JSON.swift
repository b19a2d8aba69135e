// The JSON forms of what a campaign is made of: in requests and answers, and in the database.

extension Review.Filter {
    /// Reads the form that ``json`` has.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        self.api = reader.optional("apiId") { text throws(FieldError) -> API.ID in
            guard let id = try? API.ID(parsing: text) else { throw FieldError("must be the id of an api") }
            return id
        }
        self.environment = reader.optional("environment", EnvironmentName.init(parsing:))
        self.isManagement = reader.value("management")?.bool
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is stored and shown.
    public var json: JSON {
        [
            "apiId": self.api.map { .string($0.text) }, "environment": self.environment.map { .string($0.text) },
            "management": self.isManagement.map { .bool($0) },
        ]
    }
}

extension Review.Reviewers {
    /// The most management keys that can be named.
    public static let most = 100

    /// Reads `{"owner"?: true, "keys"?: ["key_…"]}`.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        switch reader.value("owner") {
        case .bool(let areOwners)?: self.areOwners = areOwners
        case nil: break
        default: reader.refuse("owner", "must be true or false")
        }
        self.keys =
            reader.list("keys", atMost: Self.most) { text throws(FieldError) -> APIKey.ID in
                guard let id = try? APIKey.ID(parsing: text) else {
                    throw FieldError("must be an id that begins with key_")
                }
                return id
            } ?? []
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read.
    public var json: JSON {
        ["owner": .bool(self.areOwners), "keys": .array(self.keys.map { .string($0.text) })]
    }
}
