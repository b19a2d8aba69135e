import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerHTTP

@Suite
struct TrustedProxiesTests {
    private func client(
        peer: String = "10.0.0.1",
        forwarded: [String] = [],
        xForwardedFor: [String] = [],
        trusted: [String] = ["10.0.0.0/8", "2001:db8:1::/48"]
    ) throws -> String {
        let proxies = TrustedProxies(try trusted.map { try CIDR(parsing: $0) })
        let peer = try #require(IPAddress(parsing: peer))
        return proxies.clientAddress(peer: peer, forwarded: forwarded, xForwardedFor: xForwardedFor)?.description
            ?? "unknown"
    }

    @Test
    func untrustedPeerIsTheClient() throws {
        let client = try self.client(peer: "203.0.113.9", forwarded: ["for=1.2.3.4"], xForwardedFor: ["1.2.3.4"])
        #expect(client == "203.0.113.9")
        #expect(try self.client(xForwardedFor: ["1.2.3.4"], trusted: []) == "10.0.0.1")
    }

    @Test(arguments: [
        (["198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7, 2001:db8:1::1"], "2001:db8::7"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2"),
        (["6.6.6.6,, 10.0.0.2"], "10.0.0.2"),
        (["6.6.6.6,"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        ([String(repeating: ",", count: 10_000)], "10.0.0.1"),
    ])
    func walksXForwardedFor(lines: [String], expected: String) throws {
        #expect(try self.client(xForwardedFor: lines) == expected)
    }

    @Test(arguments: [
        (["for=198.51.100.7"], "198.51.100.7"),
        (["For=\"198.51.100.7:80\";proto=https;by=10.0.0.1"], "198.51.100.7"),
        (["for=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        (["for=6.6.6.6, for=198.51.100.7, for=10.0.0.9;proto=http"], "198.51.100.7"),
        (["for=6.6.6.6", "for=\"[2001:db8:1::1]\""], "6.6.6.6"),
        (["for=6.6.6.6, for=unknown"], "10.0.0.1"),
        (["for=6.6.6.6, for=_hidden, for=10.0.0.4"], "10.0.0.4"),
        (["for=6.6.6.6, proto=https"], "10.0.0.1"),
        (["for=6.6.6.6;for=7.7.7.7"], "10.0.0.1"),
        (["for=2001:db8::1"], "10.0.0.1"),
        (["for=\"6.6.6.6"], "10.0.0.1"),
        // A quote that the client left open must not hide what the proxy appended.
        (["for=\"x, for=198.51.100.7"], "198.51.100.7"),
        (["for=\"6.6.6.6, for=10.0.0.2"], "10.0.0.2"),
        (["198.51.100.7"], "10.0.0.1"),
    ])
    func walksForwarded(lines: [String], expected: String) throws {
        #expect(try self.client(forwarded: lines) == expected)
    }

    @Test
    func forwardedHidesXForwardedFor() throws {
        // A front that writes only one of them hands on what the client invented in the other.
        #expect(try self.client(forwarded: ["for=unknown"], xForwardedFor: ["6.6.6.6"]) == "unknown")
        #expect(try self.client(forwarded: ["for=7.7.7.7"], xForwardedFor: ["6.6.6.6"]) == "unknown")
        #expect(try self.client(forwarded: ["for=10.0.0.3"], xForwardedFor: ["6.6.6.6"]) == "unknown")
        #expect(
            try self.client(forwarded: ["for=1.1.1.1, for=6.6.6.6"], xForwardedFor: ["2.2.2.2, 6.6.6.6"]) == "6.6.6.6"
        )
    }

    /// Whatever a client sends, what the trusted proxy appends decides.
    @Test
    func clientCannotForge() throws {
        let seed: UInt64 = 7_239
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "for=", "\"", ",", ";", "10.0.0.1", "6.6.6.6", "[::1]", ":80", " ", "unknown", "_x", "=", "\\", "é",
        ]
        for round in 0..<5_000 {
            let forged = (0..<Int.random(in: 0...12, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let sameLine = Bool.random(using: &generator)
            let xff = sameLine ? ["\(forged), 198.51.100.7"] : [forged, "198.51.100.7"]
            let forwarded = sameLine ? ["\(forged), for=198.51.100.7"] : [forged, "for=198.51.100.7"]
            let note: Comment = "seed \(seed), round \(round): \(forged)"
            #expect(try self.client(xForwardedFor: xff) == "198.51.100.7", note)
            #expect(try self.client(forwarded: forwarded) == "198.51.100.7", note)
        }
    }
}
