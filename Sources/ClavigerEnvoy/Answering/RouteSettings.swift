import ClavigerCore

/// What Envoy's configuration says about a route, in `context_extensions`.
struct RouteSettings: Sendable {
    /// The api's id or name.
    let api: String
    /// The environment's name.
    let environment: String
    /// What is demanded of a key besides the api's endpoint rules.
    let scopes: ScopeQuery?
    /// What a request costs; nil for what the endpoint rule says, or 1.
    let cost: Int?

    /// Why the settings cannot be used: a sentence for the operator, without what was written there.
    struct Mistake: Error {
        let description: String

        fileprivate init(_ name: String, _ message: String) {
            self.description = "context_extensions: \(name) \(message)"
        }
    }

    private static let names: Set<String> = ["api", "environment", "scopes", "cost"]

    init(_ extensions: [String: String]) throws(Mistake) {
        // A misspelt `scopes` would let more pass than was meant.
        guard extensions.keys.allSatisfy(Self.names.contains) else {
            throw Mistake("has a name that is not known;", "known are api, environment, scopes and cost")
        }
        guard let api = extensions["api"], !api.isEmpty else { throw Mistake("api", "is missing") }
        guard let environment = extensions["environment"], !environment.isEmpty else {
            throw Mistake("environment", "is missing")
        }
        self.api = api
        self.environment = environment
        do throws(FieldError) {
            self.scopes = if let text = extensions["scopes"] { try ScopeQuery(parsing: text) } else { nil }
        } catch {
            throw Mistake("scopes", error.message)
        }
        self.cost = if let text = extensions["cost"] { try Self.cost(text) } else { nil }
    }

    private static func cost(_ text: String) throws(Mistake) -> Int {
        guard let cost = Int(text), (0...EndpointRule.highestCost).contains(cost) else {
            throw Mistake("cost", "must be a whole number from 0 to \(EndpointRule.highestCost)")
        }
        return cost
    }
}
