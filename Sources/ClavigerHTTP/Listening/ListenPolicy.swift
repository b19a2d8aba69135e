import ClavigerCore
import NIOCore

/// Decides whether the server may listen where it is told to.
///
/// Tokens travel in request headers, so clear text is only for this machine: any other address needs TLS, or the
/// operator's word that something in front of the server provides it.
public struct ListenPolicy: Sendable, Hashable {
    /// Whether TLS is configured.
    public var usesTLS: Bool
    /// Whether the operator says that a proxy in front of the server terminates TLS (`listen.trustedPlaintext`).
    public var trustedPlaintext: Bool

    /// A policy for one configuration.
    public init(usesTLS: Bool, trustedPlaintext: Bool = false) {
        self.usesTLS = usesTLS
        self.trustedPlaintext = trustedPlaintext
    }

    /// Why the server may not listen there, or `nil` if it may.
    public func refusal(of address: ListenAddress) -> ListenRefusal? {
        if self.usesTLS || self.trustedPlaintext || address.isLoopback { return nil }
        return .plaintextBeyondLoopback(address)
    }
}

/// Where the server listens.
public struct ListenAddress: Sendable, Hashable {
    /// The address to bind, as text that needs no name look-up.
    ///
    /// `localhost` is bound as 127.0.0.1, so that a hosts file cannot turn it into an outside address after the policy
    /// has been asked.
    public let host: String
    /// The port; 0 lets the system choose.
    public let port: Int
    /// Whether only this machine can connect.
    public let isLoopback: Bool

    /// Reads a host and a port.
    ///
    /// The host is `localhost`, an IPv4 address or an IPv6 address without brackets. Other names are refused: what they
    /// resolve to, and with it whether clear text is allowed, could change.
    public init(host: String, port: Int) throws(ListenRefusal) {
        guard (0...65_535).contains(port) else { throw .invalidPort(port) }
        if host.lowercased() == "localhost" {
            self.host = "127.0.0.1"
            self.isLoopback = true
        } else {
            // NIO's parser is the system's, so it cannot disagree with what is bound; ours knows the loopback ranges.
            guard
                (try? SocketAddress(ipAddress: host, port: port)) != nil,
                let address = IPAddress(parsing: host)
            else { throw .invalidHost(host) }
            self.host = host
            self.isLoopback = address.isLoopback
        }
        self.port = port
    }
}

extension ListenAddress: CustomStringConvertible {
    /// `host:port`, with brackets around an IPv6 address.
    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

/// Why the server does not listen as configured.
public enum ListenRefusal: Error, Hashable, CustomStringConvertible {
    /// The host is neither `localhost` nor an IP address.
    case invalidHost(String)
    /// The port is not between 0 and 65535.
    case invalidPort(Int)
    /// Clear text was asked for on an address that other machines can reach.
    case plaintextBeyondLoopback(ListenAddress)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .invalidHost(let host):
            "listen.host \"\(host)\" is not an IP address; write one such as 127.0.0.1 or :: (without brackets), "
                + "or localhost."
        case .invalidPort(let port):
            "listen.port \(port) is not a port; write a number from 0 to 65535."
        case .plaintextBeyondLoopback(let address):
            "Refusing to listen in clear text on \(address), which other machines can reach: set tls.certificate and "
                + "tls.privateKey, or listen on 127.0.0.1, or set listen.trustedPlaintext to true if a proxy in front "
                + "of this server terminates TLS."
        }
    }
}
