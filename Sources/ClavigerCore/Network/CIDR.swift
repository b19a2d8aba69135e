/// A network: an address and the number of leading bits that every member shares (RFC 4632, RFC 4291).
///
///     try CIDR(parsing: "10.0.0.0/8").contains(address)
public struct CIDR: Sendable, Hashable {
    /// The first address of the network.
    public let network: IPAddress
    /// The number of leading bits that members share: 0–32 for IPv4, 0–128 for IPv6.
    public let prefixLength: Int

    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or a single address, which is a network of one.
    ///
    /// Bits behind the prefix must be zero: `10.0.0.1/8` is more likely a mistake than a wish.
    public init(parsing text: some StringProtocol) throws(CIDRError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(parsing: first) else {
            throw .notAnAddress(String(text))
        }
        let isMapped: Bool
        if case .v4 = address { isMapped = first.contains(":") } else { isMapped = false }
        let width =
            switch address {
            case .v4: isMapped ? 128 : 32
            case .v6: 128
            }
        var length = width
        if parts.count == 2 {
            guard let parsed = IPAddress.decimal(parts[1].utf8, maximum: width) else {
                throw .prefixOutOfRange(String(text), maximum: width)
            }
            length = parsed
        }
        if isMapped {
            // `::ffff:10.0.0.0/104` is `10.0.0.0/8`; a shorter prefix would reach beyond the mapped addresses.
            guard length >= 96 else { throw .hostBitsSet(String(text), network: "::/\(length)") }
            length -= 96
        }
        let network = Self.masked(address, length)
        guard network == address else { throw .hostBitsSet(String(text), network: "\(network)/\(length)") }
        self.network = network
        self.prefixLength = length
    }

    /// Whether the address is in the network; addresses of the other family never are.
    public func contains(_ address: IPAddress) -> Bool {
        switch (self.network, address) {
        case (.v4, .v4), (.v6, .v6): Self.masked(address, self.prefixLength) == self.network
        case (.v4, .v6), (.v6, .v4): false
        }
    }

    /// Whether all of the network is in one of some networks.
    func isInside(_ networks: Set<CIDR>) -> Bool {
        (0...self.prefixLength).contains { networks.contains(CIDR(Self.masked(self.network, $0), $0)) }
    }

    private init(_ network: IPAddress, _ prefixLength: Int) {
        self.network = network
        self.prefixLength = prefixLength
    }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        // Swift's smart shift gives 0 when all bits are shifted out, so that a length of 0 needs no special case.
        switch address {
        case .v4(let bits): .v4(bits & (UInt32.max << (32 - length)))
        case .v6(let bits): .v6(bits & (UInt128.max << (128 - length)))
        }
    }
}

extension CIDR: CustomStringConvertible {
    /// The network in CIDR notation.
    public var description: String { "\(self.network)/\(self.prefixLength)" }
}

/// Why a text is not a network.
public enum CIDRError: Error, Hashable, CustomStringConvertible {
    /// The part before the slash is not an IPv4 or IPv6 address.
    case notAnAddress(String)
    /// The part behind the slash is not a number from 0 to the maximum.
    case prefixOutOfRange(String, maximum: Int)
    /// Bits behind the prefix are set; `network` is what was probably meant.
    case hostBitsSet(String, network: String)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notAnAddress(let text):
            "\"\(text)\" is not a network; write an address or a CIDR block such as 10.0.0.0/8 or 2001:db8::/32."
        case .prefixOutOfRange(let text, let maximum):
            "The prefix length of \"\(text)\" must be a number from 0 to \(maximum)."
        case .hostBitsSet(let text, let network):
            "\"\(text)\" has bits set behind its prefix; did you mean \(network)?"
        }
    }
}
