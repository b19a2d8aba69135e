import Foundation
import NIOCore

/// Where a Claviger server is: `http` or `https`, a host, and perhaps a port and a path before `/v1`.
public struct ServerURL: Sendable, Hashable {
    /// The address without a slash at its end.
    public let text: String
    /// Whether the connection is encrypted.
    public let isEncrypted: Bool
    /// Whether the server is this machine.
    public let isLoopback: Bool

    /// The default of the command line and of `claviger serve`.
    public static let standard = ServerURL(
        text: "http://127.0.0.1:8080",
        isEncrypted: false,
        isLoopback: true
    )

    /// Reads an address such as `https://keys.example.com`.
    public init(parsing text: String) throws(ClientError) {
        guard
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.host, !host.isEmpty
        else { throw .invalidSettings("The server's address must look like https://keys.example.com.") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            throw .invalidSettings("The server's address must have no user, password, query or fragment in it.")
        }
        guard (1...65_535).contains(parts.port ?? 443) else {
            throw .invalidSettings("The port in the server's address must be a number from 1 to 65535.")
        }
        var trimmed = text[...]
        while trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        self.init(text: String(trimmed), isEncrypted: scheme == "https", isLoopback: Self.isLoopback(host))
    }

    private init(text: String, isEncrypted: Bool, isLoopback: Bool) {
        self.text = text
        self.isEncrypted = isEncrypted
        self.isLoopback = isLoopback
    }

    private static func isLoopback(_ host: String) -> Bool {
        let host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        if host.lowercased() == "localhost" || host == "::1" { return true }
        // `127.evil.example` is a name, so the beginning alone says nothing.
        return host.hasPrefix("127.") && (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}

extension ServerURL: CustomStringConvertible {
    /// The address.
    public var description: String { self.text }
}
