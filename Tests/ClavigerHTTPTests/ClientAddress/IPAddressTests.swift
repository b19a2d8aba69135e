import ClavigerCore
import ClavigerTestSupport
import NIOCore
import Testing

@testable import ClavigerHTTP

@Suite
struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"),
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        // RFC 5952 section 4.2: one group of zeros is not shortened; of two equal runs the first is.
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ])
    func reads(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(parsing: text)).description == canonical)
    }

    @Test(arguments: [
        "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4",
        "1..3.4", "0x7f.0.0.1", "2130706433", "localhost", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::8", "12345::", "g::", "[::1]", "fe80::1%eth0", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7",
        "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "1.2.3.4\u{0}", "١.2.3.4",
    ])
    func refuses(text: String) {
        #expect(IPAddress(parsing: text) == nil)
    }

    /// The other implementation is the system's `inet_pton`, through NIO.
    @Test
    func agreesWithTheSystem() throws {
        let seed: UInt64 = 20_261_121
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789abcdefF:::...")
        for round in 0..<20_000 {
            var text: String
            if round.isMultiple(of: 2) {
                let bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
                // Blank out groups, so that there is something to shorten.
                let mask = (0..<8).reduce(UInt128(0)) { mask, _ in
                    mask << 16 | (Bool.random(using: &generator) ? 0xffff : 0)
                }
                text = IPAddress.normalized(v6: bits & mask).description
            } else {
                text = ["::1", "1.2.3.4", "1:2:3:4:5:6:7:8", "1::1.2.3.4"].randomElement(using: &generator) ?? ""
            }
            if round % 4 > 1, !text.isEmpty {
                let index = text.index(text.startIndex, offsetBy: Int.random(in: 0..<text.count, using: &generator))
                let replacement = String(alphabet.randomElement(using: &generator) ?? "0")
                text.replaceSubrange(index...index, with: replacement)
            }
            let expected = try? SocketAddress(ipAddress: text, port: 0)
            let parsed = IPAddress(parsing: text)
            #expect(parsed == expected.flatMap { IPAddress($0) }, "seed \(seed), round \(round): \(text)")
            if let parsed { #expect(IPAddress(parsing: parsed.description) == parsed) }
        }
    }

    @Test
    func loopback() throws {
        for text in ["127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"] {
            #expect(try #require(IPAddress(parsing: text)).isLoopback)
        }
        for text in ["0.0.0.0", "::", "128.0.0.1", "::2", "10.0.0.1"] {
            #expect(try !#require(IPAddress(parsing: text)).isLoopback)
        }
    }
}
