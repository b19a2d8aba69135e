import ClavigerCore
import ClavigerHTTP

/// What the operator demands in the query of the address that the proxy calls: `?scopes=invoices.read&cost=2`.
struct ForwardAuthDemands {
    let scopes: ScopeQuery?
    let cost: Int?

    /// Reads the query; everything that is not understood is refused.
    init(_ query: String?) throws(Problem) {
        var reader = QueryReader(query)
        self.scopes = reader.optional("scopes", ScopeQuery.init(parsing:))
        self.cost = reader.optional("cost") { text throws(FieldError) in
            guard let cost = Int(text), (0...1_000_000).contains(cost) else {
                throw FieldError("must be a whole number from 0 to 1000000")
            }
            return cost
        }
        try reader.finish()
    }
}
