import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import ClavigerHTTP

@Suite
struct CIDRTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("192.0.2.7", "192.0.2.7/32"), ("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"), ("::1", "::1/128"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ])
    func reads(text: String, canonical: String) throws {
        #expect(try CIDR(parsing: text).description == canonical)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0 /8", "::/129",
        "10.0.0.1/8", "2001:db8::1/32", "10.0.0/8", "all", "::ffff:0.0.0.0/95",
    ])
    func refuses(text: String) {
        #expect(throws: CIDRError.self) { try CIDR(parsing: text) }
    }

    @Test
    func saysWhatWasMeant() {
        #expect(throws: CIDRError.hostBitsSet("10.1.2.3/8", network: "10.0.0.0/8")) { try CIDR(parsing: "10.1.2.3/8") }
    }

    @Test
    func containsExactlyTheSharedPrefix() throws {
        let seed: UInt64 = 4_632
        var generator = SeededGenerator(seed: seed)
        for round in 0..<5_000 {
            let length = Int.random(in: 0...32, using: &generator)
            let base = UInt32.random(in: .min ... .max, using: &generator)
            let network = length == 0 ? 0 : (base >> (32 - length)) << (32 - length)
            let cidr = try CIDR(parsing: "\(IPAddress.v4(network))/\(length)")
            let other = base ^ (1 << UInt32.random(in: 0..<32, using: &generator))
            let expected = length == 0 || other >> (32 - length) == base >> (32 - length)
            #expect(
                cidr.contains(.v4(other)) == expected,
                "seed \(seed), round \(round): \(cidr) \(IPAddress.v4(other))"
            )
            #expect(cidr.contains(.v4(base)))
            #expect(!cidr.contains(.v6(UInt128(base))))
        }
    }

    @Test
    func containsV6() throws {
        let cidr = try CIDR(parsing: "2001:db8::/33")
        #expect(cidr.contains(try #require(IPAddress(parsing: "2001:db8:7fff::1"))))
        #expect(!cidr.contains(try #require(IPAddress(parsing: "2001:db8:8000::1"))))
    }
}
