import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Checking restrictions")
struct RestrictionCheckTests {
    /// A Saturday.
    private static let now = ManualTime().now()
    private static let certificates = [1, 2].compactMap { (byte: UInt8) in
        CertificateThumbprint(digest: [UInt8](repeating: byte, count: 32))
    }

    private static func networks(allow: [String] = [], deny: [String] = []) throws -> Restrictions {
        try Restrictions(
            networks: NetworkRules(
                allow: allow.map { try CIDR(parsing: $0) },
                deny: deny.map { try CIDR(parsing: $0) }
            )
        )
    }

    private static func origins(_ texts: String...) throws -> Restrictions {
        try Restrictions(origins: texts.map(OriginPattern.init(parsing:)))
    }

    private static func full(day: String = "sat") throws -> Restrictions {
        try Restrictions(
            networks: NetworkRules(allow: [CIDR(parsing: "10.0.0.0/8")], deny: [CIDR(parsing: "10.1.0.0/16")]),
            origins: [OriginPattern(parsing: "https://app.example.com")],
            timeWindows: [TimeWindow.noted("\(day) 00:00 24:00 UTC")],
            certificateThumbprints: Array(Self.certificates.prefix(1))
        )
    }

    private static let good = ClientContext(
        ip: IPAddress(parsing: "10.0.0.1"),
        origin: "https://app.example.com",
        certificateThumbprint: certificates.first
    )

    private static func code(_ check: RestrictionCheck, _ context: ClientContext) -> RestrictionRefusal.Kind? {
        check.refusal(of: context, at: Self.now)?.code
    }

    @Test("without restrictions everything passes, known or not")
    func unrestricted() {
        for check in [.unrestricted, RestrictionCheck(.none), RestrictionCheck(all: [.none, .none])] {
            #expect(check.isEmpty)
            #expect(Self.code(check, ClientContext()) == nil)
            #expect(Self.code(check, ClientContext(ip: .v4(1), origin: "null", referrer: "x")) == nil)
            for kind in RestrictionRefusal.Kind.allCases { #expect(!check.restricts(kind)) }
        }
    }

    @Test(
        "deny wins over allow, and without an allow list the rest is allowed",
        arguments: [
            ([], ["10.1.0.0/16"], "10.1.2.3", false), ([], ["10.1.0.0/16"], "10.2.2.3", true),
            (["10.0.0.0/8"], [], "10.1.2.3", true), (["10.0.0.0/8"], [], "11.1.2.3", false),
            (["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.2.3", false), (["10.0.0.0/8"], ["10.1.0.0/16"], "10.2.2.3", true),
            // More specific does not help.
            (["10.1.2.3"], ["10.0.0.0/8"], "10.1.2.3", false),
            (["10.1.2.3", "0.0.0.0/0"], ["10.0.0.0/8"], "10.1.2.3", false),
            (["10.0.0.0/8"], [], "::ffff:10.1.2.3", true), (["0.0.0.0/0"], [], "::1", false),
            ([], ["0.0.0.0/0"], "::1", true),
            (["2001:db8::/32"], ["2001:db8:1::/48"], "2001:db8:1::7", false),
            (["2001:db8::/32"], ["2001:db8:1::/48"], "2001:db8:2::7", true),
        ]
    )
    func networks(allow: [String], deny: [String], ip: String, isAllowed: Bool) throws {
        let check = RestrictionCheck(try Self.networks(allow: allow, deny: deny))
        let context = ClientContext(ip: IPAddress(parsing: ip))
        #expect(Self.code(check, context) == (isAllowed ? nil : .ipNotAllowed))
    }

    @Test(
        "the origin counts, the referrer only without one",
        arguments: [
            ("https://app.example.com", nil, true), ("https://evil.com", nil, false),
            (nil, "https://app.example.com/a", true),
            (nil, "https://evil.com/https://app.example.com", false), (nil, "https://app.example.com@evil.com/", false),
            ("https://app.example.com", "https://evil.com/", true),
            ("https://evil.com", "https://app.example.com/", false),
            ("null", "https://app.example.com/", false), ("", "https://app.example.com/", false), (nil, "", false),
            (nil, nil, false), ("https://a.b.example.org", nil, true), ("https://example.org", nil, false),
        ]
    )
    func origins(origin: String?, referrer: String?, isAllowed: Bool) throws {
        let check = RestrictionCheck(try Self.origins("https://app.example.com", "https://*.example.org"))
        let context = ClientContext(origin: origin, referrer: referrer)
        #expect(Self.code(check, context) == (isAllowed ? nil : .originNotAllowed))
    }

    @Test("no hostile origin is allowed", arguments: OriginTests.hostile)
    func hostile(text: String) throws {
        let check = RestrictionCheck(try Self.origins("https://app.example.com", "https://*.example.com"))
        #expect(Self.code(check, ClientContext(origin: text)) == .originNotAllowed)
    }

    @Test("what is needed and not known is refused", arguments: RestrictionRefusal.Kind.allCases)
    func unknown(kind: RestrictionRefusal.Kind) throws {
        let check = RestrictionCheck(try Self.full())
        let refusal = check.refusal(kind, of: ClientContext(), at: Self.now)
        #expect((refusal == nil) == (kind == .outsideTimeWindow))
        #expect(refusal == nil || refusal?.code == kind)
    }

    @Test("the first kind that refuses is told, in the order of the contract")
    func order() throws {
        let check = RestrictionCheck(try Self.full(day: "mon"))
        var context = ClientContext(
            ip: .v4(1),
            origin: "https://evil.com",
            certificateThumbprint: Self.certificates.last
        )
        #expect(Self.code(check, context) == .ipNotAllowed)
        context.ip = Self.good.ip
        #expect(Self.code(check, context) == .originNotAllowed)
        context.origin = Self.good.origin
        #expect(Self.code(check, context) == .outsideTimeWindow)
        let monday = Self.now + .seconds(2 * 86_400)
        #expect(check.refusal(of: context, at: monday)?.code == .certificateNotAllowed)
        context.certificateThumbprint = Self.certificates.first
        #expect(check.refusal(of: context, at: monday) == nil)
        #expect(
            RestrictionRefusal.Kind.allCases.map(\.rawValue) == [
                "ip_not_allowed", "origin_not_allowed", "outside_time_window", "certificate_not_allowed",
            ]
        )
    }

    @Test("deny lists come first, whosever they are")
    func denyFirst() throws {
        let check = RestrictionCheck(
            try Self.networks(allow: ["10.0.0.0/8"]),
            required: RestrictionCheck(try Self.networks(deny: ["11.0.0.0/8"]))
        )
        let refusal = check.refusal(of: ClientContext(ip: IPAddress(parsing: "11.0.0.1")), at: Self.now)
        #expect(refusal?.detail == "11.0.0.1 is in a network that is denied")
    }

    @Test("the detail says why")
    func details() throws {
        let check = RestrictionCheck(try Self.full(day: "mon"))
        func detail(_ kind: RestrictionRefusal.Kind, _ context: ClientContext) -> String? {
            check.refusal(kind, of: context, at: Self.now)?.detail
        }
        let stranger = ClientContext(
            ip: .v4(1),
            origin: "https://Evil.com",
            certificateThumbprint: Self.certificates.last
        )
        #expect(detail(.ipNotAllowed, ClientContext()) == "the client's address is not known")
        #expect(detail(.ipNotAllowed, stranger) == "0.0.0.1 is in no network that is allowed")
        #expect(detail(.originNotAllowed, stranger) == "the origin https://evil.com is not allowed")
        #expect(
            detail(.originNotAllowed, ClientContext(origin: "\u{1B}[2J"))
                == "the request's origin is none that could be allowed"
        )
        #expect(
            detail(.originNotAllowed, ClientContext()) == "the request names neither its origin nor its referrer"
        )
        #expect(detail(.outsideTimeWindow, stranger) == "no time window is open")
        #expect(detail(.certificateNotAllowed, ClientContext()) == "the client has shown no certificate")
        #expect(
            detail(.certificateNotAllowed, stranger) == "the client's certificate is none of those that are allowed"
        )
    }

    /// Restrictions of all kinds that sometimes let `good` pass.
    private static func variants() throws -> [Restrictions] {
        [
            .none, try Self.full(), try Self.full(day: "mon"), try Self.networks(allow: ["10.0.0.1"]),
            try Self.networks(allow: ["11.0.0.0/8"]), try Self.networks(deny: ["10.0.0.1"]),
            try Self.networks(deny: ["11.0.0.0/8"]), try Self.origins("https://*.example.com"),
            try Self.origins("https://other.example"), try Restrictions(timeWindows: [.noted("sat 00:00 24:00 UTC")]),
            try Restrictions(timeWindows: [.noted("sun 00:00 24:00 UTC")]),
            try Restrictions(certificateThumbprints: Self.certificates),
            try Restrictions(certificateThumbprints: Array(Self.certificates.suffix(1))),
        ]
    }

    @Test("several restrictions have to be fulfilled together")
    func all() throws {
        for one in try Self.variants() {
            for other in try Self.variants() {
                let both = Self.code(RestrictionCheck(all: [one, other]), Self.good)
                let single = [one, other].map { Self.code(RestrictionCheck($0), Self.good) }
                let first = RestrictionRefusal.Kind.allCases.first { single.contains($0) }
                #expect(both == first)
                #expect(Self.code(RestrictionCheck(one, required: RestrictionCheck(other)), Self.good) == first)
            }
        }
    }

    @Test("defaults that are compiled once do what merged ones do")
    func defaults() throws {
        for own in try Self.variants() {
            for defaults in try Self.variants() {
                for required in try Self.variants() {
                    let compiled = RestrictionCheck(
                        own,
                        defaults: RestrictionCheck(defaults),
                        required: RestrictionCheck(required)
                    )
                    let merged = RestrictionCheck(all: [own.merged(defaults: defaults), required])
                    #expect(Self.code(compiled, Self.good) == Self.code(merged, Self.good))
                    #expect(compiled.isEmpty == merged.isEmpty)
                    for kind in RestrictionRefusal.Kind.allCases {
                        #expect(compiled.restricts(kind) == merged.restricts(kind))
                    }
                }
            }
        }
    }

    @Test("when the clock goes back, a window is what the clock says")
    func clock() throws {
        let check = RestrictionCheck(try Restrictions(timeWindows: [.noted("sat 06:00 07:00 UTC")]))
        let time = ManualTime()
        func isOpen() -> Bool { check.refusal(of: ClientContext(), at: time.now()) == nil }
        #expect(isOpen())
        time.advance(by: .seconds(1200))
        #expect(!isOpen())
        time.advance(by: .seconds(-1))
        #expect(isOpen())
        for moment in [Timestamp.earliest, .latest, Timestamp(milliseconds: 0)] {
            #expect(check.refusal(of: ClientContext(), at: moment)?.code == .outsideTimeWindow)
        }
    }
}
