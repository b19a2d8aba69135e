/// From which networks something may be done.
///
/// A network that is denied is denied, whatever the allow list says. Without an allow list all others are allowed.
public struct NetworkRules: Hashable, Sendable {
    /// The largest number of networks on both lists together.
    public static let most = 10_000

    /// The networks that are allowed; all if there are none.
    public let allow: [CIDR]
    /// The networks that are denied, also inside an allowed one.
    public let deny: [CIDR]

    /// No rule at all.
    public static let anywhere = NetworkRules()

    private init() {
        self.allow = []
        self.deny = []
    }

    /// Takes at most 10,000 networks, each of them once.
    public init(allow: [CIDR], deny: [CIDR]) throws(FieldError) {
        guard allow.count + deny.count <= Self.most else { throw Self.tooMany }
        guard Set(allow).union(deny).count == allow.count + deny.count else { throw Self.repeated }
        self.allow = allow
        self.deny = deny
    }

    /// Whether there is no rule.
    public var isEmpty: Bool { self.allow.isEmpty && self.deny.isEmpty }

    private static let tooMany = FieldError("must have at most \(Self.most) networks in allow and deny together")
    private static let repeated = FieldError("must name a network only once in allow and deny together")
}

extension NetworkRules {
    /// Reads `{"allow": [...], "deny": [...]}`; nil if there are violations.
    public init?(reading reader: inout ObjectReader) {
        let violations = reader.violations.count
        var seen: Set<CIDR> = []
        func network(_ text: String) throws(FieldError) -> CIDR {
            let network = try Self.network(text)
            guard seen.insert(network).inserted else { throw Self.repeated }
            return network
        }
        let allow = reader.list("allow", atMost: Self.most, network) ?? []
        let deny = reader.list("deny", atMost: Self.most, network) ?? []
        if allow.count + deny.count > Self.most { reader.refuse("deny", Self.tooMany.message) }
        guard reader.violations.count == violations else { return nil }
        self.allow = allow
        self.deny = deny
    }

    /// The form that is read; empty lists are left out.
    public var json: JSON {
        var object = JSONObject()
        if !self.allow.isEmpty { object["allow"] = .array(self.allow.map { .string($0.description) }) }
        if !self.deny.isEmpty { object["deny"] = .array(self.deny.map { .string($0.description) }) }
        return .object(object)
    }

    private static func network(_ text: String) throws(FieldError) -> CIDR {
        do throws(CIDRError) {
            return try CIDR(parsing: text)
        } catch {
            throw FieldError(error)
        }
    }
}

extension FieldError {
    /// What has to be changed in the text of a network, without that text.
    init(_ error: CIDRError) {
        switch error {
        case .notAnAddress: self.init("must be an address or a CIDR block such as 10.0.0.0/8 or 2001:db8::/32")
        case .prefixOutOfRange(_, let maximum): self.init("must have a prefix length from 0 to \(maximum)")
        case .hostBitsSet(_, let network):
            self.init("must not have bits set behind its prefix; did you mean \(network)?")
        }
    }
}
