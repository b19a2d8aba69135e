/// Where events go: an address of the web that every reader reads alike.
///
/// Stricter than RFC 3986, as programs disagree about the rest, and what is checked must be what is connected to: no user
/// information, no fragment, no percent-encoded host, no address in any of its odd spellings.
public struct WebhookURL: Hashable, Sendable {
    /// The longest text.
    public static let longest = 2048

    /// The URL as text, scheme and host in lower case.
    public let text: String
    /// Whether it is `https`.
    public let isEncrypted: Bool
    /// The name, or the address without brackets.
    public let host: String
    /// The port.
    public let port: Int

    /// The address that stands in place of a name, if it does.
    public var address: IPAddress? { IPAddress(parsing: self.host) }

    /// Reads `https://host[:port][/path][?query]`, or the same with `http`.
    public init(parsing text: String) throws(FieldError) {
        guard text.utf8.count <= Self.longest else {
            throw FieldError("must have at most \(Self.longest) characters")
        }
        guard text.utf8.allSatisfy(Self.isURLCharacter) else {
            throw FieldError("must be a URL of ASCII characters, others percent-encoded, without a fragment")
        }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "https" || scheme == "http", text.dropFirst(scheme.count).hasPrefix("://") else {
            throw FieldError("must begin with https://")
        }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else {
            throw FieldError("must not have a user or a password: every delivery is signed")
        }
        let (host, port) = try Self.split(authority)
        self.isEncrypted = scheme == "https"
        self.host = host
        self.port = port ?? (scheme == "https" ? 443 : 80)
        let shownHost = host.contains(":") ? "[\(host)]" : host
        let tail = rest.dropFirst(authority.count)
        let path = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : tail
        self.text = "\(scheme)://\(shownHost)\(port.map { ":\($0)" } ?? "")\(path)"
    }

    private static func split(_ authority: Substring) throws(FieldError) -> (host: String, port: Int?) {
        let host: String
        var tail: Substring
        if authority.hasPrefix("[") {
            let inner = authority.dropFirst().prefix { $0 != "]" }
            tail = authority.dropFirst(inner.count + 2)
            guard authority.dropFirst(inner.count + 1).hasPrefix("]"), inner.contains(":"),
                let address = IPAddress(parsing: inner)
            else { throw FieldError("must have an IPv6 address between its brackets") }
            host = address.description
        } else {
            let name = authority.prefix { $0 != ":" }
            tail = authority.dropFirst(name.count)
            host = name.lowercased()
            guard Self.isName(host) || IPAddress(parsing: host) != nil else {
                throw FieldError("must have the name of a host, or an address in its usual form")
            }
        }
        guard !tail.isEmpty else { return (host, nil) }
        guard tail.removeFirst() == ":", (1...5).contains(tail.count), tail.utf8.allSatisfy(Self.isDigit),
            let port = Int(tail), (1...65_535).contains(port)
        else { throw FieldError("must have a port from 1 to 65535, or none") }
        return (host, port)
    }

    /// A name of letters, digits, hyphens and dots (RFC 1123) that nobody takes for a number: `127.1` and `0x7f000001`
    /// are addresses to some.
    private static func isName(_ host: String) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(host.utf8.count), let last = labels.last else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { Self.isDigit($0) || Self.isLowerCase($0) || $0 == UInt8(ascii: "-") }
        } && last.utf8.first.map(Self.isLowerCase) == true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLowerCase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    /// The characters of RFC 3986 without `#`.
    private static func isURLCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
        }
    }
}
