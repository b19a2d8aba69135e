import ClavigerCore

/// The target of a request, in a spelling that the endpoint rules and the upstream cannot read differently.
///
/// Rules see the normal form of a path. So the normal form is what the upstream gets, with the slash at the end if the
/// client sent one, and a path with dot segments or empty segments is refused: there the upstream might see another
/// path than the client meant.
struct ForwardedTarget {
    let path: RequestPath
    private let hasSlashAtEnd: Bool
    /// Behind the question mark; nil if there is none.
    private let query: String?

    init(parsing target: String) throws(FieldError) {
        let bytes = target.utf8
        guard !bytes.contains(UInt8(ascii: "#")) else { throw FieldError("must not have a fragment") }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
        let raw = target[..<(mark ?? target.endIndex)]
        self.path = try RequestPath(normalizing: String(raw))
        self.hasSlashAtEnd = raw.utf8.last == UInt8(ascii: "/")
        let slashes = raw.utf8.count { $0 == UInt8(ascii: "/") }
        guard slashes - (self.hasSlashAtEnd ? 1 : 0) == self.path.depth else {
            throw FieldError("must not have dot segments or empty segments")
        }
        self.query = mark.map { Self.legal(target[bytes.index(after: $0)...]) }
    }

    /// What the upstream is asked for.
    func text(for route: ProxyRoute) -> String {
        var text = route.upstream.basePath
        if route.stripsPrefix {
            for segment in self.path.text.split(separator: "/").dropFirst(route.path.depth) { text += "/" + segment }
        } else if self.path.depth > 0 {
            text += self.path.text
        }
        if self.hasSlashAtEnd || text.isEmpty { text += "/" }
        if let query { text += "?" + query }
        return text
    }

    /// The query with what RFC 3986 section 3.4 does not allow in one escaped.
    private static func legal(_ query: Substring) -> String {
        let bytes = Array(query.utf8)
        guard !bytes.allSatisfy({ Self.isLegal($0) && $0 != UInt8(ascii: "%") }) else { return String(query) }
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count && Self.isHexadecimal(bytes[index + 1])
                && Self.isHexadecimal(bytes[index + 2])
            if isEscape || byte != UInt8(ascii: "%") && Self.isLegal(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~!$&'()*+,;=:@/?%".utf8.contains(byte)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
