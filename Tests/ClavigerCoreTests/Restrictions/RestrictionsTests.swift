import Testing

@testable import ClavigerCore

@Suite("Restrictions")
struct RestrictionsTests {
    private static func read(_ text: String) throws -> (restrictions: Restrictions?, violations: [Violation]) {
        var reader = try ObjectReader(body: JSON.parse(Array(#"{"restrictions":\#(text)}"#.utf8)))
        let restrictions = reader.nested("restrictions") { Restrictions(reading: &$0) }
        return (restrictions, reader.violations)
    }

    private static let thumbprint = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"

    private static let full =
        #"{"networks":{"allow":["203.0.113.0/24"],"deny":["203.0.113.7/32"]},"#
        + #""origins":["https://app.example.com","https://*.example.org:8443"],"#
        + #""timeWindows":[{"days":["mon","tue"],"from":"08:00","to":"18:00","timeZone":"Europe/Berlin"},"#
        + #"{"days":["fri"],"from":"22:00","to":"24:00","timeZone":"UTC"}],"#
        + #""certificateThumbprints":["\#(thumbprint)"]}"#

    @Test(
        "what is read is written",
        arguments: [
            "{}", full, #"{"networks":{"deny":["10.0.0.0/8"]}}"#, #"{"origins":["http://localhost:3000"]}"#,
            #"{"timeWindows":[{"days":["sun"],"from":"00:00","to":"24:00","timeZone":"UTC"}]}"#,
            #"{"certificateThumbprints":["\#(thumbprint)"]}"#,
        ]
    )
    func roundTrip(text: String) throws {
        let (restrictions, violations) = try Self.read(text)
        let read = try #require(restrictions)
        #expect(violations.isEmpty)
        #expect(String(decoding: read.json.serialized(), as: UTF8.self) == text)
        #expect(read.isEmpty == (text == "{}"))
    }

    @Test(
        "empty members, null and other notations are the same",
        arguments: [
            (#"{"networks":{"allow":[],"deny":[]},"origins":[],"timeWindows":[],"certificateThumbprints":[]}"#, "{}"),
            (#"{"networks":null,"origins":null,"timeWindows":null,"certificateThumbprints":null}"#, "{}"),
            (#"{"networks":{}}"#, "{}"),
            (#"{"origins":["HTTPS://A.example:443"]}"#, #"{"origins":["https://a.example"]}"#),
            (
                #"{"timeWindows":[{"to":"09:00","timeZone":"UTC","from":"08:00","days":["sun","mon"]}]}"#,
                #"{"timeWindows":[{"days":["mon","sun"],"from":"08:00","to":"09:00","timeZone":"UTC"}]}"#
            ),
        ]
    )
    func normal(text: String, normal: String) throws {
        let read = try #require(try Self.read(text).restrictions)
        #expect(try Self.read(normal).restrictions == read)
        #expect(String(decoding: read.json.serialized(), as: UTF8.self) == normal)
    }

    @Test("everything that is wrong comes at once, each in its place")
    func allAtOnce() throws {
        let (restrictions, violations) = try Self.read(
            #"{"networks":{"allow":["10.0.0.1/8"],"block":[]},"origins":["*","https://a.example","https://a.example:443"],"#
                + #""timeWindows":[7,{"days":["mon"],"from":"08:00","to":"18:00","timeZone":"UTC"},"#
                + #"{"days":[],"from":"8:00","to":"18:00","timeZone":"CET+1"},{"from":"08:00","to":"08:00","timeZone":"UTC"},"#
                + #"{"days":["mon","mon"],"from":"08:00"},{"days":["tue"],"from":"08:00","to":"08:00","timeZone":"UTC"},"#
                + #"{"days":["mon"],"from":"17:59","to":"19:00","timeZone":"UTC","x":1}],"#
                + #""certificateThumbprints":["abc"],"country":["DE"]}"#
        )
        #expect(restrictions == nil)
        let notATime = "must be a time such as 08:00, from 00:00 to 24:00"
        let noZone = #expect(throws: FieldError.self) { try LocalTimeZone(parsing: "CET+1") }
        let expected = [
            ("/networks/allow/0", "must not have bits set behind its prefix; did you mean 10.0.0.0/8?"),
            ("/networks/block", "is not a known field"),
            ("/origins/0", "must be a scheme, :// and a host, such as https://app.example.com"),
            ("/origins/2", "must be named only once"),
            ("/timeWindows/0", "must be an object"),
            ("/timeWindows/2/from", notATime),
            ("/timeWindows/2/timeZone", try #require(noZone?.message)),
            ("/timeWindows/3/days", "is required"),
            ("/timeWindows/4/days/1", "must be named only once"),
            ("/timeWindows/4/to", "is required"),
            ("/timeWindows/4/timeZone", "is required"),
            ("/timeWindows/5/to", "must not be equal to from; a whole day is 00:00 to 24:00"),
            ("/timeWindows/6/x", "is not a known field"),
            ("/timeWindows/6", "must not overlap: timeWindows/1 and timeWindows/6 are open at the same time"),
            (
                "/certificateThumbprints/0",
                "must be a SHA-256 digest: 64 hexadecimal digits, or 43 characters of base64url"
            ),
            ("/country", "is not a known field"),
        ]
        #expect(Set(violations) == Set(expected.map { Violation("/restrictions\($0)", $1) }))
        #expect(violations.count == expected.count)
    }

    @Test(
        "wrong types are refused",
        arguments: [
            (#"{"networks":[]}"#, "/networks"), (#"{"origins":{}}"#, "/origins"),
            (#"{"timeWindows":{}}"#, "/timeWindows"),
            (#"{"timeWindows":"mon"}"#, "/timeWindows"), (#"{"certificateThumbprints":7}"#, "/certificateThumbprints"),
            (#"{"timeWindows":[{"days":"mon","from":"08:00","to":"09:00","timeZone":"UTC"}]}"#, "/timeWindows/0/days"),
            (#"{"timeWindows":[{"days":[],"from":"08:00","to":"09:00","timeZone":"UTC"}]}"#, "/timeWindows/0/days"),
            (#"{"timeWindows":[{"days":["mon"],"from":8,"to":"09:00","timeZone":"UTC"}]}"#, "/timeWindows/0/from"),
            (
                #"{"timeWindows":[{"days":["mon"],"from":"24:00","to":"09:00","timeZone":"UTC"}]}"#,
                "/timeWindows/0/from"
            ),
        ]
    )
    func types(text: String, pointer: String) throws {
        let (restrictions, violations) = try Self.read(text)
        #expect(restrictions == nil)
        #expect(violations.map(\.pointer) == ["/restrictions" + pointer])
    }

    @Test("the number of entries is limited")
    func limits() throws {
        func origins(_ count: Int) -> String {
            #"{"origins":[\#((0..<count).map { #""https://a\#($0).example""# }.joined(separator: ","))]}"#
        }
        func certificates(_ count: Int) -> String {
            let digits = (0..<count).map { #""\#($0)\#(String(repeating: "0", count: 63))""# }
            return #"{"certificateThumbprints":[\#(digits.joined(separator: ","))]}"#
        }
        func windows(_ count: Int) -> String {
            let windows = (0..<count).map { index in
                #"{"days":["mon"],"from":"00:\#(index + 10)","to":"00:\#(index + 11)","timeZone":"UTC"}"#
            }
            return #"{"timeWindows":[\#(windows.joined(separator: ","))]}"#
        }
        for text in [origins(100), certificates(8), windows(32)] {
            #expect(try Self.read(text).restrictions?.isEmpty == false)
        }
        for text in [origins(101), certificates(9), windows(33)] {
            let (restrictions, violations) = try Self.read(text)
            #expect(restrictions == nil)
            #expect(violations.count == 1)
        }
    }

    @Test("restrictions that are made are checked as those that are read")
    func made() throws {
        let origin = try OriginPattern(parsing: "https://a.example")
        let window = try TimeWindow.noted("mon 08:00 09:00 UTC")
        let thumbprint = try CertificateThumbprint(parsing: Self.thumbprint)
        #expect(throws: FieldError("origins must not repeat an element")) {
            try Restrictions(origins: [origin, origin])
        }
        #expect(throws: FieldError("certificateThumbprints must not repeat an element")) {
            try Restrictions(certificateThumbprints: [thumbprint, thumbprint])
        }
        #expect(throws: FieldError("must not overlap: timeWindows/0 and timeWindows/1 are open at the same time")) {
            try Restrictions(timeWindows: [window, TimeWindow.noted("mon 08:30 10:00 UTC")])
        }
        let origins = try (0...100).map { try OriginPattern(parsing: "https://a\($0).example") }
        #expect(throws: FieldError("origins must have at most 100 elements")) { try Restrictions(origins: origins) }
        #expect(try Restrictions() == .none)
        #expect(Restrictions.none.isEmpty)
    }

    @Test("a kind that is not set is taken from the defaults")
    func merging() throws {
        let full = try #require(try Self.read(Self.full).restrictions)
        let networks = try Restrictions(networks: NetworkRules(allow: [], deny: [CIDR(parsing: "10.0.0.0/8")]))
        #expect(Restrictions.none.merged(defaults: full) == full)
        #expect(full.merged(defaults: .none) == full)
        #expect(full.merged(defaults: networks) == full)
        let merged = networks.merged(defaults: full)
        #expect(merged.networks == networks.networks)
        #expect(merged.origins == full.origins)
        #expect(merged.timeWindows == full.timeWindows)
        #expect(merged.certificateThumbprints == full.certificateThumbprints)
    }
}
