public import ClavigerCore
public import ClavigerVerifier

// What may be shown of a use of a key.

extension AccessLogEntry {
    /// The fields of an entry for answers.
    public var publicFields: JSON {
        .object(JSONObject(Self.columns.compactMap { name, value in value(self).map { (name, $0) } }))
    }

    /// The fields in the order in which exports have them.
    public static let columns: [(name: String, value: @Sendable (AccessLogEntry) -> JSON?)] = [
        ("time", { .string($0.time.text) }),
        ("code", { .string(VerificationCode(number: $0.code)?.rawValue ?? "unknown_\($0.code)") }),
        ("source", { .string($0.source.name) }),
        ("keyId", { $0.keyID.map { .string($0.text) } }),
        ("credentialId", { $0.credentialID.map { .string($0.text) } }),
        ("lookupId", { $0.lookupID.map { .string($0.text) } }),
        ("consumerId", { $0.consumerID.map { .string($0.text) } }),
        ("apiId", { $0.apiID.map { .string($0.text) } }),
        ("environment", { $0.environment.map(JSON.string) }),
        ("ip", { $0.clientAddress.map { .string($0.description) } }),
        ("method", { $0.method.map(JSON.string) }),
        ("path", { $0.path.map(JSON.string) }),
        ("origin", { $0.origin.map(JSON.string) }),
        ("userAgent", { $0.userAgent.map(JSON.string) }),
        ("upstreamStatus", { $0.upstreamStatus.map { .integer(Int64($0)) } }),
        ("cost", { .integer(Int64($0.cost)) }),
        ("latencyMicros", { .integer(Int64($0.latencyMicros)) }),
        ("requestId", { .string($0.requestID) }),
    ]
}

extension UsageRecord.Source {
    /// What the API calls it.
    public var name: String {
        switch self {
        case .verify: "verify"
        case .gateway: "gateway"
        case .introspection: "introspection"
        case .management: "management"
        // These two are no entries of the access log.
        case .credits: "credits"
        case .upstream: "upstream"
        }
    }
}

extension AccessLogEntry {
    /// The line that an export in JSON Lines has for it.
    public var line: [UInt8] { Self.line(of: self.publicFields) }

    static func line(of fields: JSON) -> [UInt8] { fields.serialized() + [UInt8(ascii: "\n")] }
}
