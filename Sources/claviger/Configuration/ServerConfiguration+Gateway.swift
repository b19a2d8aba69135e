import ClavigerCore
import ClavigerHTTP

/// Where gateways ask: an address, or a Unix socket.
enum GatewayAddress: Hashable, Sendable {
    case network(ListenAddress)
    case socket(path: String)

    /// The longest path that fits into the system's address of a Unix socket.
    private static let longestPath = 107
    private static let socketPrefix = "unix:"

    /// Reads `127.0.0.1:8081`, `[::1]:8081` or `unix:/run/claviger/gateway.sock`.
    init(parsing text: String) throws(FieldError) {
        if text.hasPrefix(Self.socketPrefix) {
            let path = String(text.dropFirst(Self.socketPrefix.count))
            guard path.hasPrefix("/"), path.utf8.count <= Self.longestPath, !path.utf8.contains(0) else {
                throw FieldError("must be an absolute path of at most \(Self.longestPath) bytes behind unix:")
            }
            self = .socket(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            throw FieldError("must be an address and a port such as 127.0.0.1:8081, or unix: and a path")
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        do throws(ListenRefusal) {
            self = .network(try ListenAddress(host: String(host), port: port))
        } catch {
            throw FieldError("must be an IP address and a port such as 127.0.0.1:8081 or [::1]:8081")
        }
    }

    /// Whether only this machine can connect.
    var isLocal: Bool {
        switch self {
        case .network(let address): address.isLoopback
        case .socket: true
        }
    }
}

extension GatewayAddress: CustomStringConvertible {
    /// As it is written in the configuration.
    var description: String {
        switch self {
        case .network(let address): address.description
        case .socket(let path): Self.socketPrefix + path
        }
    }
}

extension ServerConfiguration {
    static func gateway(_ reader: inout ConfigurationReader, _ listen: Listen?, usesTLS: Bool) -> Gateway? {
        let address = reader.value(
            Setting<GatewayAddress>(.listenGateway) { text throws(FieldError) in try GatewayAddress(parsing: text) }
        )
        let secret = reader.value(.path(.gatewaySecretFile))
        let clientCA = reader.value(.path(.gatewayClientCA))
        let proxies = reader.value(.networks(.gatewayTrustedProxies))
        guard let proxies else { return nil }
        if case .network(let network) = address, !network.isLoopback {
            if !usesTLS, listen?.trustedPlaintext != true {
                reader.refuse(.listenGateway, "\(ListenRefusal.plaintextBeyondLoopback(network))")
            }
            if secret == nil, clientCA == nil {
                reader.refuse(
                    .listenGateway,
                    """
                    listen.gateway can be reached from other machines: set gateway.secretFile, or gateway.clientCA, \
                    so that only gateways can ask.
                    """
                )
            }
        }
        if clientCA != nil, !usesTLS || address == nil {
            reader.refuse(
                .gatewayClientCA,
                "gateway.clientCA needs TLS, and an address in listen.gateway."
            )
        }
        return Gateway(address: address, secretFile: secret, clientCA: clientCA, trustedProxies: proxies)
    }
}
