import ClavigerCore
import ClavigerHTTP
import ClavigerVerifier

/// The body of `POST /v1/keys/verify` and `/v1/keys/explain`.
struct VerifyBody {
    let token: PresentedToken
    let query: VerificationQuery

    /// Longer texts are refused; no token comes near it.
    private static let longestToken = 1024
    private static let longestPath = 2048

    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let token = body.required("token") { text throws(FieldError) in
            guard (1...Self.longestToken).contains(text.utf8.count) else {
                throw FieldError("must have 1 to \(Self.longestToken) characters")
            }
            return PresentedToken(text)
        }
        self.query = VerificationQuery(
            api: body.optional("apiId", Self.expectedAPI),
            environment: body.optional("environment", EnvironmentName.init(parsing:)),
            scopes: body.optional("scopes", ScopeQuery.init(parsing:))
        )
        Self.checkCost(&body)
        _ = body.nested("context") { context in
            Self.checkContext(&context)
            return Optional(())
        }
        try body.finish()
        guard let token else { throw .validation(body.violations) }
        self.token = token
    }

    private static func expectedAPI(_ text: String) throws(FieldError) -> VerificationQuery.ExpectedAPI {
        if let id = try? API.ID(parsing: text) { return .id(id) }
        guard let name = try? ResourceName(parsing: text) else {
            throw FieldError("must be an id that begins with api_, or a name")
        }
        return .name(name)
    }

    /// The cost counts against credits, which are not there yet; a wrong one is refused all the same.
    private static func checkCost(_ body: inout ObjectReader) {
        guard let value = body.value("cost") else { return }
        guard let cost = value.integer, (1...1_000_000).contains(cost) else {
            body.refuse("cost", "must be a whole number from 1 to 1000000")
            return
        }
    }

    /// What the request looked like counts for restrictions, which are not there yet; wrong values are refused.
    private static func checkContext(_ context: inout ObjectReader) {
        _ = context.optional("ip") { text throws(FieldError) in
            guard IPAddress(parsing: text) != nil else { throw FieldError("must be an IPv4 or IPv6 address") }
        }
        _ = context.optional("method") { text throws(FieldError) in
            guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
                throw FieldError("must be an HTTP method")
            }
        }
        for (name, longest) in [("path", Self.longestPath), ("origin", 512), ("userAgent", 1024)] {
            _ = context.optional(name) { text throws(FieldError) in
                guard text.unicodeScalars.count <= longest else {
                    throw FieldError("must have at most \(longest) characters")
                }
            }
        }
    }
}
