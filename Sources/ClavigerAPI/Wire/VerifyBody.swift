import ClavigerCore
import ClavigerHTTP
import ClavigerVerifier

/// The body of `POST /v1/keys/verify` and `/v1/keys/explain`.
struct VerifyBody {
    let token: PresentedToken
    let query: VerificationQuery

    private static let longestPath = 2048

    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let token = body.required("token", Field.token)
        self.query = VerificationQuery(
            api: body.optional("apiId", Self.expectedAPI),
            environment: body.optional("environment", EnvironmentName.init(parsing:)),
            scopes: body.optional("scopes", ScopeQuery.init(parsing:)),
            cost: body.cost(from: 0),
            limits: body.has("limits") ? RateLimits.read("limits", from: &body) ?? .none : .none,
            context: body.nested("context") { Self.context(&$0) } ?? ClientContext()
        )
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

    /// What the request looked like that the token came with.
    static func context(_ reader: inout ObjectReader) -> ClientContext? {
        ClientContext(
            ip: reader.optional("ip") { text throws(FieldError) in
                guard let ip = IPAddress(parsing: text) else { throw FieldError("must be an IPv4 or IPv6 address") }
                return ip
            },
            method: reader.optional("method") { text throws(FieldError) in
                guard HTTPMethodName(folding: text) != nil else { throw FieldError("must be an HTTP method") }
                return text
            },
            path: reader.optional("path", Self.text(atMost: Self.longestPath)),
            origin: reader.optional("origin", Self.text(atMost: 512)),
            referrer: reader.optional("referrer", Self.text(atMost: 2048)),
            userAgent: reader.optional("userAgent", Self.text(atMost: 1024)),
            certificateThumbprint: reader.optional("certificateThumbprint", CertificateThumbprint.init(parsing:))
        )
    }

    private static func text(atMost longest: Int) -> (String) throws(FieldError) -> String {
        { text throws(FieldError) in
            guard text.unicodeScalars.count <= longest else {
                throw FieldError("must have at most \(longest) characters")
            }
            return text
        }
    }
}
