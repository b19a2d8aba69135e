/// Networks, made ready for the question whether an address is in one of them.
///
/// Which of the networks it is does not matter, so that they are melted into sorted ranges that do not touch.
public struct NetworkSet: Sendable {
    private let v4: AddressRanges<UInt32>
    private let v6: AddressRanges<UInt128>

    /// Takes networks in any order; they may repeat and contain each other.
    public init(_ networks: some Sequence<CIDR>) {
        var v4: [AddressRanges<UInt32>.Span] = []
        var v6: [AddressRanges<UInt128>.Span] = []
        for network in networks {
            switch network.network {
            case .v4(let first): v4.append(.init(first: first, prefixLength: network.prefixLength))
            case .v6(let first): v6.append(.init(first: first, prefixLength: network.prefixLength))
            }
        }
        self.v4 = AddressRanges(v4)
        self.v6 = AddressRanges(v6)
    }

    /// Whether one of the networks contains the address.
    public func contains(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let bits): self.v4.contains(bits)
        case .v6(let bits): self.v6.contains(bits)
        }
    }
}
