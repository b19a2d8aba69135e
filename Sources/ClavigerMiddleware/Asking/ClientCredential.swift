import HTTPTypes

/// What a request presents as its key: `Authorization: Bearer`, else `X-API-Key`; never the query.
enum ClientCredential {
    /// Nothing.
    case none
    /// Something that no key can be: two of them, nothing after the scheme, or far too much.
    case unusable
    /// What may be a token.
    case token(String)

    private static let apiKey = HTTPField.Name("X-API-Key")
    private static let scheme = "bearer"
    /// The authority takes no longer ones; no token comes near it.
    private static let longest = 1024
    /// What the authority's own gateways tell of a key, and so nothing that a client may say.
    private static let identityPrefix = "x-claviger-"

    init(in fields: HTTPFields) {
        let authorizations = fields[values: .authorization]
        let keys = Self.apiKey.map { fields[values: $0] } ?? []
        // Which of two the one behind would take cannot be known here.
        guard authorizations.count <= 1, keys.count <= 1 else {
            self = .unusable
            return
        }
        if let authorization = authorizations.first {
            let scheme = authorization.prefix { $0 != " " }
            // RFC 9110 section 11.1: the scheme is compared without regard to case.
            guard scheme.lowercased() == Self.scheme else {
                self = .none
                return
            }
            self.init(token: String(authorization[scheme.endIndex...].drop { $0 == " " }))
        } else if let key = keys.first {
            self.init(token: key)
        } else {
            self = .none
        }
    }

    private init(token: String) {
        self = (1...Self.longest).contains(token.utf8.count) ? .token(token) : .unusable
    }

    /// Takes away what the app has no use for and must not be able to keep, or to believe.
    static func strip(from fields: inout HTTPFields) {
        fields = HTTPFields(
            fields.filter { field in
                field.name != .authorization && field.name != Self.apiKey
                    && !field.name.canonicalName.hasPrefix(Self.identityPrefix)
            }
        )
    }
}

extension ClientCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        switch self {
        case .none: "none"
        case .unusable: "unusable"
        case .token: "token(redacted)"
        }
    }

    var debugDescription: String { self.description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
