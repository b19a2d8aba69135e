/// The one reader of origins, for rules and for what clients send.
enum OriginText {
    /// What was read; with a wildcard, the host is what stands behind `*.`.
    struct Parts {
        let origin: Origin
        let hasWildcard: Bool
    }

    private static let longest = 512
    private static let longestScheme = 32
    private static let longestHost = 253
    private static let longestLabel = 63

    static func parse(_ text: ArraySlice<UInt8>) throws(FieldError) -> Parts {
        guard text.count <= Self.longest else { throw FieldError("must have at most \(Self.longest) characters") }
        // Scheme and host are the same in either case (RFC 3986 section 6.2.2.1), and a port has no letters.
        let bytes = text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            throw FieldError("must be a scheme, :// and a host, such as https://app.example.com")
        }
        let scheme = try Self.scheme(bytes[..<colon])
        let authority = bytes[(colon + 3)...]
        try Self.checkCharacters(authority)
        let (host, rest) = Self.split(authority)
        let port = try Self.port(rest, scheme: scheme)
        guard host.first == UInt8(ascii: "[") else { return try Self.named(host, scheme: scheme, port: port) }
        let inside = Self.text(host.dropFirst().dropLast())
        guard host.last == UInt8(ascii: "]"), inside.utf8.contains(UInt8(ascii: ":")),
            let address = IPAddress(parsing: inside)
        else {
            throw FieldError("must have an IPv6 address between brackets, such as http://[::1]:3000")
        }
        return Parts(origin: Origin(scheme: scheme, host: Self.host(address), port: port), hasWildcard: false)
    }

    private static func scheme(_ bytes: ArraySlice<UInt8>) throws(FieldError) -> String {
        guard (1...Self.longestScheme).contains(bytes.count), let first = bytes.first, Self.isLetter(first),
            bytes.allSatisfy(Self.isOfScheme)
        else {
            throw FieldError("must begin with a scheme such as https")
        }
        let scheme = Self.text(bytes)
        switch scheme {
        case "about", "blob", "data", "file", "filesystem", "javascript":
            // Browsers send `null` for pages of these schemes.
            throw FieldError("must not have a scheme whose pages have no origin of their own")
        default: return scheme
        }
    }

    private static func checkCharacters(_ authority: ArraySlice<UInt8>) throws(FieldError) {
        for byte in authority {
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                throw FieldError("must end after host and port: no path, no query, no slash at the end")
            case UInt8(ascii: "@"): throw FieldError("must not have a user name")
            case 0x80...: throw FieldError("must have the ASCII form of an international name, which begins with xn--")
            default: break
            }
        }
    }

    /// Splits at the colon before the port, which in brackets is not one.
    private static func split(_ authority: ArraySlice<UInt8>) -> (host: ArraySlice<UInt8>, rest: ArraySlice<UInt8>) {
        let end: Int?
        if authority.first == UInt8(ascii: "[") {
            end = authority.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 }
        } else {
            end = authority.firstIndex(of: UInt8(ascii: ":"))
        }
        let host = authority[..<(end ?? authority.endIndex)]
        return (host, authority[host.endIndex...])
    }

    private static func port(_ rest: ArraySlice<UInt8>, scheme: String) throws(FieldError) -> UInt16? {
        guard !rest.isEmpty else { return nil }
        let digits = rest.dropFirst()
        guard rest.first == UInt8(ascii: ":"), digits.allSatisfy(Self.isDigit), digits.first != UInt8(ascii: "0"),
            let port = UInt16(Self.text(digits))
        else {
            throw FieldError("must have a port from 1 to 65535 without leading zeros, or none")
        }
        switch (scheme, port) {
        case ("http", 80), ("https", 443): return nil
        default: return port
        }
    }

    private static func named(_ host: ArraySlice<UInt8>, scheme: String, port: UInt16?) throws(FieldError) -> Parts {
        let hasWildcard = host.starts(with: "*.".utf8)
        let name = hasWildcard ? host.dropFirst(2) : host
        guard name.count <= Self.longestHost, let last = Self.lastLabel(name) else {
            throw FieldError("must have a host of letters, digits, - and dots; * only as its whole first label")
        }
        guard !hasWildcard || last.startIndex > name.startIndex else {
            throw FieldError("must have at least two labels after the *")
        }
        var text = Self.text(name)
        // Browsers read a host whose last label is a number as an IPv4 address, in forms with other numbers too.
        if Self.isNumber(last) {
            guard !hasWildcard, let address = IPAddress(parsing: text) else {
                throw FieldError("must have an IPv4 address as four decimal numbers, or a name that ends in no number")
            }
            text = Self.host(address)
        }
        return Parts(origin: Origin(scheme: scheme, host: text, port: port), hasWildcard: hasWildcard)
    }

    /// The last label of a name, or nil if one of its labels is not well-formed.
    private static func lastLabel(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var start = name.startIndex
        for index in name.indices {
            switch name[index] {
            case UInt8(ascii: "."):
                guard Self.isWellFormed(name[start..<index]) else { return nil }
                start = index + 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            default: return nil
            }
        }
        return Self.isWellFormed(name[start...]) ? name[start...] : nil
    }

    private static func isWellFormed(_ label: ArraySlice<UInt8>) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...Self.longestLabel).contains(label.count) && label.first != hyphen && label.last != hyphen
    }

    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        if label.allSatisfy(Self.isDigit) { return true }
        return label.starts(with: "0x".utf8)
            && label.dropFirst(2).allSatisfy { Self.isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func host(_ address: IPAddress) -> String {
        switch address {
        case .v4: address.description
        case .v6: "[\(address)]"
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isOfScheme(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: Self.isLetter(byte) || Self.isDigit(byte)
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
