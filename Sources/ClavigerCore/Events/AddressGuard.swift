/// Which addresses outgoing events may be sent to.
///
/// A receiver's address is given by somebody who may not reach what this server reaches: the machine itself, its network,
/// and the metadata service of its cloud. Everything that is not globally reachable (the IANA special-purpose address
/// registries) is refused unless the operator allows it.
public struct AddressGuard: Hashable, Sendable {
    /// Networks that are allowed although they are not globally reachable.
    public var allowed: [CIDR]

    /// Makes a guard.
    public init(allowed: [CIDR] = []) {
        self.allowed = allowed
    }

    /// Whether a connection to the address may be made.
    public func allows(_ address: IPAddress) -> Bool {
        if self.allowed.contains(where: { $0.contains(address) }) { return true }
        switch address {
        case .v4(let bits):
            return !Self.special4.contains { bits >> (32 - $0.length) == $0.network >> (32 - $0.length) }
        case .v6(let bits):
            // NAT64 (RFC 6052) leads to the IPv4 address in the last 32 bits. IPv4-mapped ones are IPv4 addresses here.
            if bits >> 32 == 0x0064_ff9b_0000_0000_0000_0000 {
                return self.allows(.v4(UInt32(truncatingIfNeeded: bits)))
            }
            // Only 2000::/3 is given out; loopback, link-local, unique local and multicast are all outside of it.
            guard bits >> 125 == 0b001 else { return false }
            return !Self.special6.contains { bits >> (128 - $0.length) == $0.network >> (128 - $0.length) }
        }
    }

    private static let special4: [(network: UInt32, length: UInt32)] = [
        (0x0000_0000, 8),  // this network
        (0x0a00_0000, 8),  // private
        (0x6440_0000, 10),  // shared by carriers (RFC 6598), also metadata of one cloud
        (0x7f00_0000, 8),  // loopback
        (0xa9fe_0000, 16),  // link-local, metadata of most clouds
        (0xac10_0000, 12),  // private
        (0xa83f_8110, 32),  // 168.63.129.16, metadata of one cloud
        (0xc000_0000, 24),  // protocol assignments
        (0xc000_0200, 24),  // documentation
        (0xc058_6300, 24),  // 6to4 relays
        (0xc0a8_0000, 16),  // private
        (0xc612_0000, 15),  // benchmarks
        (0xc633_6400, 24),  // documentation
        (0xcb00_7100, 24),  // documentation
        (0xe000_0000, 3),  // multicast, reserved, broadcast
    ]

    private static let special6: [(network: UInt128, length: UInt128)] = [
        (0x2001_0000 << 96, 23),  // protocol assignments, Teredo
        (0x2001_0db8 << 96, 32),  // documentation
        (0x2002_0000 << 96, 16),  // 6to4: any IPv4 address in disguise
        (0x3fff_0000 << 96, 20),  // documentation
    ]
}
