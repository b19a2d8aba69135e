/// What a policy says of the restrictions of keys, those that they have from their environment included.
public struct RestrictionRules: Hashable, Sendable {
    /// A kind of restriction.
    public enum Kind: String, CaseIterable, Sendable {
        /// A list of networks that are allowed.
        case networks
        case origins
        case timeWindows
        case certificateThumbprints
    }

    /// The kinds that keys have to have.
    public var required: [Kind] = []
    /// The fewest leading bits that an allowed IPv4 network may have.
    public var ipv4Prefix: Int?
    /// The same of IPv6 networks.
    public var ipv6Prefix: Int?

    /// Makes rules that ask for nothing.
    public init() {}

    /// Whether nothing is asked for.
    var isEmpty: Bool { self == RestrictionRules() }
}

extension RestrictionRules {
    /// Reads `{"required"?, "ipv4Prefix"?, "ipv6Prefix"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        self.required = reader.distinct("required", atMost: Kind.allCases.count, ObjectReader.parseChoice)
        self.ipv4Prefix = reader.number("ipv4Prefix", 0...32)
        self.ipv6Prefix = reader.number("ipv6Prefix", 0...128)
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read.
    var json: JSON {
        [
            "required": JSON.texts(self.required.map(\.rawValue)),
            "ipv4Prefix": self.ipv4Prefix.map { .integer(Int64($0)) },
            "ipv6Prefix": self.ipv6Prefix.map { .integer(Int64($0)) },
        ]
    }

    /// Holds the restrictions of a key to the rules.
    ///
    /// - Parameter environment: whose defaults and requirements count too.
    func check(_ own: Restrictions, in environment: API.Environment, _ refuse: PolicyRefusal) {
        guard !self.isEmpty else { return }
        let merged = own.merged(defaults: environment.defaultRestrictions)
        let everybodys = environment.requiredRestrictions
        for kind in self.required where !merged.has(kind) && !everybodys.has(kind) {
            refuse("/restrictions/\(kind.pointer)", "restrictions.required", "must have at least one entry")
        }
        for (index, network) in merged.networks.allow.enumerated() {
            let (least, rule) =
                switch network.network {
                case .v4: (self.ipv4Prefix, "restrictions.ipv4Prefix")
                case .v6: (self.ipv6Prefix, "restrictions.ipv6Prefix")
                }
            guard let least, network.prefixLength < least else { continue }
            refuse("/restrictions/networks/allow/\(index)", rule, "must be a network of /\(least) or smaller")
        }
    }
}

extension RestrictionRules.Kind {
    fileprivate var pointer: String { self == .networks ? "networks/allow" : self.rawValue }
}

extension Restrictions {
    fileprivate func has(_ kind: RestrictionRules.Kind) -> Bool {
        switch kind {
        case .networks: !self.networks.allow.isEmpty
        case .origins: !self.origins.isEmpty
        case .timeWindows: !self.timeWindows.isEmpty
        case .certificateThumbprints: !self.certificateThumbprints.isEmpty
        }
    }
}
