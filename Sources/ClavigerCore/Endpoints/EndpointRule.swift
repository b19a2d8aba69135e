/// What a request to some paths takes: the scopes that its key has to have, and what it costs.
public struct EndpointRule: Hashable, Sendable {
    /// The largest cost.
    public static let highestCost = 1_000_000
    /// The largest number of methods.
    public static let mostMethods = 32

    /// The methods that the rule is for.
    ///
    /// None means any. A rule for GET is for HEAD too where no rule for the same paths names HEAD.
    public let methods: Set<HTTPMethodName>
    /// The paths that the rule is for.
    public let path: PathPattern
    /// The scopes that the key has to have; nil means that any valid key will do.
    public let scopes: ScopeQuery?
    /// How much a request takes from limits and credits.
    public let cost: Int

    /// Makes a rule.
    ///
    /// - Precondition: There are at most ``mostMethods``, and the cost is from 0 to ``highestCost``.
    public init(methods: Set<HTTPMethodName> = [], path: PathPattern, scopes: ScopeQuery? = nil, cost: Int = 1) {
        precondition(methods.count <= Self.mostMethods && (0...Self.highestCost).contains(cost))
        self.methods = methods
        self.path = path
        self.scopes = scopes
        self.cost = cost
    }

    /// Reads `{"methods": ["GET"], "path": "/v1/invoices/{id}", "scopes": "invoices.read", "cost": 1}`; only the path is
    /// required.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let methods = reader.list("methods", atMost: Self.mostMethods, HTTPMethodName.init(parsing:)) ?? []
        if Set(methods).count != methods.count { reader.refuse("methods", "must not have a method twice") }
        let path = reader.required("path", PathPattern.init(parsing:))
        let scopes = reader.optional("scopes", ScopeQuery.init(parsing:))
        let cost = Self.cost(reading: &reader)
        // A member that was refused reads as one that is missing; a rule without its scopes would be a weaker one.
        guard let path, reader.violations.count == before else { return nil }
        self.init(methods: Set(methods), path: path, scopes: scopes, cost: cost)
    }

    private static func cost(reading reader: inout ObjectReader) -> Int {
        guard let value = reader.value("cost") else { return 1 }
        guard let cost = value.integer, (0...Int64(Self.highestCost)).contains(cost) else {
            reader.refuse("cost", "must be a whole number from 0 to 1,000,000")
            return 1
        }
        return Int(cost)
    }

    /// The rule as JSON that reads back to an equal one.
    public var json: JSON {
        let methods = self.methods.sorted().map { JSON.string($0.text) }
        return [
            "methods": methods.isEmpty ? nil : .array(methods), "path": .string(self.path.text),
            "scopes": self.scopes.map { .string($0.text) }, "cost": .integer(Int64(self.cost)),
        ]
    }
}

extension EndpointRule: CustomStringConvertible {
    /// The requests that the rule is for, as `GET /v1/invoices/{id}` or `* /v1/**`.
    public var description: String {
        let methods = self.methods.isEmpty ? "*" : self.methods.sorted().map(\.text).joined(separator: ",")
        return "\(methods) \(self.path)"
    }
}
