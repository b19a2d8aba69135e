/// Where a browser's page comes from: scheme, host and port (RFC 6454).
///
/// Read strictly, because what this reader and a browser understand differently is a way around a rule: the host has
/// letters, digits, `-` and dots, or is an IP address; there is no user name, escape, backslash, space or dot at the
/// end. Letters are lower-cased, and a scheme's default port is no port.
public struct Origin: Hashable, Sendable {
    /// The scheme in lower case.
    public let scheme: String
    /// The host in lower case; IPv6 addresses in brackets and in the form of RFC 5952.
    public let host: String
    /// The port, unless it is the scheme's default.
    public let port: UInt16?

    /// Reads what a client sends in `Origin`; nil for `null` and everything else that is not one origin.
    public init?(parsing text: String) {
        self.init(Array(text.utf8)[...])
    }

    /// Reads the origin of the URL that a client sends in `Referer`.
    ///
    /// Nil for what RFC 9110 section 10.1.3 does not let a client send: a user name or a fragment.
    public init?(referrer text: String) {
        let bytes = Array(text.utf8)
        let isURL = bytes.allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#")
        }
        guard isURL, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        // Behind the two slashes of `://`; whether they are there is for the reader of the origin to see.
        let authority = bytes.dropFirst(colon + 3)
        let end = authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
        self.init(bytes[..<(end ?? bytes.endIndex)])
    }

    private init?(_ bytes: ArraySlice<UInt8>) {
        guard let parts = try? OriginText.parse(bytes), !parts.hasWildcard else { return nil }
        self = parts.origin
    }

    init(scheme: String, host: String, port: UInt16?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }
}

extension Origin: CustomStringConvertible {
    /// The origin as RFC 6454 section 6.2 writes it.
    public var description: String {
        "\(self.scheme)://\(self.host)" + (self.port.map { ":\($0)" } ?? "")
    }
}
