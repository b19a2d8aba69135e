import ClavigerGateway

/// The header fields of a client's request that matter here, read in one pass.
///
/// Envoy tells of them either in `headers`, or with `encode_raw_headers` in `header_map`.
struct ClientHeaders {
    private(set) var authorization: String?
    private(set) var apiKey: String?
    private(set) var origin: String?
    private(set) var referrer: String?
    private(set) var userAgent: String?
    /// One for each line, in order.
    private(set) var forwardedFor: [String] = []
    /// The names of fields that only a gateway may set, in lower case.
    private(set) var forged: [String] = []

    init(_ request: EnvoyAttributeContext.HttpRequest) {
        for field in request.headers { self.read(field) }
        guard request.hasHeaderMap else { return }
        for field in request.headerMap.headers { self.read(field) }
    }

    private mutating func read(_ field: EnvoyHeaderValue) {
        // Envoy has them in lower case already; whoever else asks may not.
        let name = field.key.lowercased()
        switch name {
        case "authorization": Self.add(field, to: &self.authorization)
        case "x-api-key": Self.add(field, to: &self.apiKey)
        case "origin": Self.add(field, to: &self.origin)
        case "referer": Self.add(field, to: &self.referrer)
        case "user-agent": Self.add(field, to: &self.userAgent)
        case "x-forwarded-for": self.forwardedFor.append(Self.text(field))
        default:
            if name.hasPrefix(IdentityFields.prefix) { self.forged.append(name) }
        }
    }

    /// Joins the values of a field that came several times, as RFC 9110 section 5.2 has it: of two credentials none counts.
    private static func add(_ field: EnvoyHeaderValue, to value: inout String?) {
        let text = Self.text(field)
        value = value.map { $0 + ", " + text } ?? text
    }

    private static func text(_ field: EnvoyHeaderValue) -> String {
        field.rawValue.isEmpty ? field.value : String(decoding: field.rawValue, as: UTF8.self)
    }
}
