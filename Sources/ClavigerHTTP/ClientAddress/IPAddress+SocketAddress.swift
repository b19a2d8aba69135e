public import ClavigerCore
public import NIOCore

extension IPAddress {
    /// The address of one end of a connection; `nil` for a Unix domain socket.
    public init?(_ address: SocketAddress) {
        // The C structures' members are not importable here (they belong to a private module of NIO); their layout is
        // fixed by every platform's ABI: family and port take 4 bytes, in IPv6 the flow label 4 more.
        switch address {
        case .v4(let v4):
            self = withUnsafeBytes(of: v4.address) { bytes in
                .v4(bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) })
            }
        case .v6(let v6):
            self = withUnsafeBytes(of: v6.address) { bytes in
                .normalized(v6: bytes[8..<24].reduce(0) { $0 << 8 | UInt128($1) })
            }
        case .unixDomainSocket:
            return nil
        }
    }
}
