import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Sets of networks")
struct NetworkSetTests {
    private static func set(_ texts: String...) throws -> NetworkSet {
        NetworkSet(try texts.map { try CIDR(parsing: $0) })
    }

    private static func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(parsing: text))
    }

    @Test("an empty set contains nothing", arguments: ["0.0.0.0", "255.255.255.255", "::", "ffff::"])
    func empty(address: String) throws {
        #expect(!NetworkSet([]).contains(try Self.address(address)))
    }

    @Test(
        "a network contains both its ends and nothing beside them",
        arguments: [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "::a00:0"]),
            ("192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
            ("255.255.255.255", ["255.255.255.255"], ["255.255.255.254", "0.0.0.0"]),
            (
                "2001:db8::/32", ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
                ["2001:db7:ffff::", "2001:db9::"]
            ),
            ("::/0", ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["0.0.0.0", "10.0.0.1"]),
            ("::1", ["::1"], ["::", "::2", "0.0.0.1"]),
        ]
    )
    func ends(network: String, inside: [String], outside: [String]) throws {
        let set = try Self.set(network)
        for text in inside { #expect(set.contains(try Self.address(text)), "\(text)") }
        for text in outside { #expect(!set.contains(try Self.address(text)), "\(text)") }
    }

    @Test("an IPv4-mapped address is the IPv4 address, in the set and in the question")
    func mapped() throws {
        #expect(try Self.set("10.0.0.0/8").contains(Self.address("::ffff:10.1.2.3")))
        #expect(try Self.set("::ffff:10.0.0.0/104").contains(Self.address("10.1.2.3")))
        #expect(try !Self.set("::/0").contains(Self.address("::ffff:10.1.2.3")))
    }

    @Test("ranges that touch, overlap or repeat become one")
    func merging() throws {
        func spans(_ texts: String...) throws -> [AddressRanges<UInt32>.Span] {
            AddressRanges(
                try texts.map { text in
                    let network = try CIDR(parsing: text)
                    guard case .v4(let first) = network.network else { throw CIDRError.notAnAddress(text) }
                    return .init(first: first, prefixLength: network.prefixLength)
                }
            ).spans
        }
        #expect(try spans("10.128.0.0/9", "10.0.0.0/9") == spans("10.0.0.0/8"))
        #expect(try spans("10.1.2.3", "10.0.0.0/8", "10.0.0.0/8", "10.255.255.255") == spans("10.0.0.0/8"))
        #expect(try spans("128.0.0.0/1", "255.255.255.255", "0.0.0.0/1") == spans("0.0.0.0/0"))
        #expect(try spans("10.0.0.0/32", "10.0.0.2/32").count == 2)
    }

    @Test("a range reaches into the part of the table in which others crowd")
    func reaching() throws {
        // With parts of 2^27 addresses from 7.255.255.0 on, one begins at 191.255.255.0, inside of the second network.
        let crowd = try (1...20).map { try CIDR(parsing: "192.0.0.\($0 * 2)") }
        let set = NetworkSet(try ["7.255.255.0", "128.0.0.0/2"].map { try CIDR(parsing: $0) } + crowd)
        for text in ["191.255.254.255", "191.255.255.0", "191.255.255.255", "192.0.0.2", "192.0.0.40"] {
            #expect(set.contains(try Self.address(text)), "\(text)")
        }
        for text in ["192.0.0.0", "192.0.0.1", "192.0.0.3", "192.0.0.41", "127.255.255.255"] {
            #expect(!set.contains(try Self.address(text)), "\(text)")
        }
    }

    /// Networks in places that are spread, crowded, nested in crowds, or alone at the end of the address space.
    private static func network(_ generator: inout SeededGenerator, isV4: Bool) throws -> CIDR {
        let centers: [UInt32] = [0, 0x0A00_0000, 0x0A00_0100, 0x7FFF_FF00, 0xC000_0200, 0xFFFF_FF00]
        let center = centers.randomElement(using: &generator) ?? 0
        let spread = UInt32.max >> Int.random(in: 0...31, using: &generator)
        let bits = center &+ UInt32.random(in: 0...spread, using: &generator)
        if isV4 {
            let length = Int.random(in: 8...32, using: &generator)
            return try CIDR(parsing: "\(IPAddress.v4(bits & UInt32.max << (32 - length)))/\(length)")
        }
        // The same crowds at some depth of the larger space.
        let shift = [0, 32, 64, 96].randomElement(using: &generator) ?? 0
        let length = Int.random(in: 96 - shift...128, using: &generator)
        let high: UInt128 = [0x2001_0DB8 << 96, 0xFFFF << 112, 0].randomElement(using: &generator) ?? 0
        let network = (high | UInt128(bits) << shift) & UInt128.max << (128 - length)
        // What maps IPv4 addresses is no IPv6 network.
        guard network >> 32 != 0xFFFF else { return try CIDR(parsing: "2001:db8::/32") }
        return try CIDR(parsing: "\(IPAddress.v6(network))/\(length)")
    }

    /// The ends of a network and the addresses beside them.
    private static func edges(_ network: CIDR) -> [IPAddress] {
        switch network.network {
        case .v4(let first):
            let last = first | (UInt32.max >> network.prefixLength)
            return [first, last, first &- 1, last &+ 1, first | last / 2].map(IPAddress.v4)
        case .v6(let first):
            let last = first | (UInt128.max >> network.prefixLength)
            return [first, last, first &- 1, last &+ 1, first | last / 2].map(IPAddress.normalized(v6:))
        }
    }

    @Test(
        "a set contains what one of its networks contains",
        arguments: [1, 2, 7, 8, 9, 10, 50, 400],
        [41, 42, 43] as [UInt64]
    )
    func reference(count: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for isV4 in [true, false] {
            let networks = try (0..<count).map { _ in try Self.network(&generator, isV4: isV4) }
            let set = NetworkSet(networks)
            var strangers: [IPAddress] = []
            for _ in 0..<count { strangers += Self.edges(try Self.network(&generator, isV4: isV4)) }
            for address in networks.flatMap(Self.edges) + strangers {
                #expect(set.contains(address) == networks.contains { $0.contains(address) }, "\(address)")
            }
        }
    }

    @Test("ten thousand networks are all found", arguments: ["10", "2001:db8"])
    func many(prefix: String) throws {
        let isV4 = !prefix.contains(":")
        let networks = try (0..<10_000).map { index in
            try CIDR(parsing: isV4 ? "\(prefix).\(index / 100).\(index % 100).128/25" : "\(prefix):\(index)::/48")
        }
        let set = NetworkSet(networks)
        for network in networks {
            for address in Self.edges(network).prefix(2) { #expect(set.contains(address)) }
        }
        #expect(!set.contains(try Self.address(isV4 ? "10.0.0.127" : "2001:db8:a::")))
    }
}
