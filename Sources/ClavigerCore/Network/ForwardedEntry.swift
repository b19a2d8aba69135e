/// Reads the address out of one comma-separated entry of a forwarding header.
enum ForwardedEntry {
    /// The address of an `X-Forwarded-For` entry; some proxies append a port.
    static func xForwardedFor(_ entry: Substring) -> IPAddress? {
        let text = self.trimmed(entry)
        return IPAddress(parsing: text) ?? self.addressWithPort(text)
    }

    /// The address in the `for` parameter of a `Forwarded` element (RFC 7239 section 4).
    ///
    /// `nil` for an obfuscated identifier, `unknown`, an element without `for`, and one that breaks the grammar.
    static func forwarded(_ element: Substring) -> IPAddress? {
        var node: Substring?
        var names: Set<String> = []
        for pair in element.split(separator: ";", omittingEmptySubsequences: false) {
            let pair = self.trimmed(pair)
            guard let equals = pair.firstIndex(of: "=") else { return nil }
            let name = pair[..<equals].lowercased()
            guard !name.isEmpty, name.utf8.allSatisfy(self.isTokenByte), names.insert(name).inserted else { return nil }
            guard let value = self.unquoted(pair[pair.index(after: equals)...]) else { return nil }
            if name == "for" { node = value }
        }
        guard let node else { return nil }
        if node.first == "[" { return self.addressWithPort(node) }
        guard let address = IPAddress(parsing: node) else { return self.addressWithPort(node) }
        // An IPv6 address must stand in brackets (section 6); one without cannot be told from address and port.
        if node.contains(":") { return nil }
        return address
    }

    /// `192.0.2.1:80`, `[2001:db8::1]` or `[2001:db8::1]:80`.
    private static func addressWithPort(_ text: Substring) -> IPAddress? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let inside = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard inside.contains(":"), rest.isEmpty || (rest.first == ":" && self.isPort(rest.dropFirst())) else {
                return nil
            }
            return IPAddress(parsing: inside)
        }
        guard let colon = text.firstIndex(of: ":"), self.isPort(text[text.index(after: colon)...]) else { return nil }
        return IPAddress(parsing: text[..<colon])
    }

    /// A port number, or an obfuscated port of RFC 7239 section 6.2.
    private static func isPort(_ text: Substring) -> Bool {
        let bytes = text.utf8
        if bytes.first == UInt8(ascii: "_") {
            return bytes.count > 1 && bytes.allSatisfy { self.isAlphanumeric($0) || "._-".utf8.contains($0) }
        }
        return (1...5).contains(bytes.count)
            && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The value of a token or a quoted string without escapes; no address needs an escape.
    private static func unquoted(_ value: Substring) -> Substring? {
        guard value.first == "\"" else {
            return !value.isEmpty && value.utf8.allSatisfy(self.isLenientTokenByte) ? value : nil
        }
        guard value.utf8.count >= 2, value.last == "\"" else { return nil }
        let inside = value.dropFirst().dropLast()
        return inside.contains("\"") || inside.contains("\\") ? nil : inside
    }

    private static func trimmed(_ text: Substring) -> Substring {
        func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        self.isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// A token, or a colon: widely used proxies write `for=192.0.2.1:80` without the quotes that the grammar wants.
    private static func isLenientTokenByte(_ byte: UInt8) -> Bool {
        self.isTokenByte(byte) || byte == UInt8(ascii: ":")
    }
}
