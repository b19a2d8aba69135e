/// The path of a request in the one spelling that endpoint rules are compared with.
///
///     try RequestPath(normalizing: "//v1/./Invoices/%7e42/?page=2").text   // "/v1/Invoices/~42"
///
/// A rule protects nothing if a path can be spelled so that the rule and the server behind it read two different
/// things. So there is one spelling for each path, and a path that servers are known to read differently has none: it
/// is refused. Give the path as the request line has it, not as a framework has decoded it.
///
/// - The query and the fragment are dropped.
/// - Escapes of unreserved characters are decoded, the other escapes get upper-case digits (RFC 3986 section 6.2.2);
///   characters that have to be escaped in a path, such as those outside ASCII, are.
/// - Dot segments are removed (RFC 3986 section 5.2.4), also those with escapes; double slashes become one, and one at
///   the end is dropped.
/// - The case of letters stays, as paths are case-sensitive. Where the server behind does not tell `/Admin` from
///   `/admin`, no rule for `/admin` sees the former: let what no rule names be denied there.
///
/// Refused are escaped slashes, backslashes and semicolons, raw backslashes, semicolons and spaces, control characters
/// and line separators in any spelling, escapes that are no escapes or no UTF-8, escapes of escapes, paths that climb
/// above the root, `..` right after a double slash, and fragments that could be read as more of the path.
public struct RequestPath: Hashable, Sendable {
    /// The largest number of bytes, as given and as normalised.
    public static let longest = 2048
    /// The largest number of segments.
    public static let mostSegments = 64

    /// The normalised path: ASCII, beginning with a slash.
    public let text: String

    /// The segments as they are compared: with one spelling for the characters that may stand for themselves too.
    let segments: [Substring]

    /// Normalises what a client sent as the path or the whole target of a request.
    public init(normalizing target: String) throws(FieldError) {
        if target.utf8.count <= Self.longest, PathNormalizer.isNormal(target) {
            self.text = target
            self.segments = Self.split(target)
        } else {
            let path = try Self.withoutQuery(target)
            guard path.utf8.count <= Self.longest else { throw FieldError("must have at most \(Self.longest) bytes") }
            guard path.utf8.first == UInt8(ascii: "/") else { throw FieldError("must begin with a slash") }
            self.text = try PathNormalizer.normalize(path)
            self.segments = Self.split(PathNormalizer.comparable(self.text))
        }
        guard self.segments.count <= Self.mostSegments else {
            throw FieldError("must have at most \(Self.mostSegments) segments")
        }
    }

    /// Whether the path is `prefix` or below it, segment by segment.
    public func isBelow(_ prefix: RequestPath) -> Bool {
        self.segments.starts(with: prefix.segments)
    }

    /// The number of segments, which is what makes one prefix longer than another.
    public var depth: Int { self.segments.count }

    private static func withoutQuery(_ target: String) throws(FieldError) -> String {
        let bytes = target.utf8
        guard let end = bytes.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            return target
        }
        let rest = bytes[end...]
        guard rest.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw PathNormalizer.controlCharacter }
        if bytes[end] == UInt8(ascii: "#") {
            // A request has no fragment (RFC 9112 section 3.2), and servers that get one differ: some drop it, some
            // take it for path and go on to the next slash or dot segment (CVE-2021-32779, CVE-2025-32395).
            let isAmbiguous = rest.contains {
                $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "%")
                    || $0 == UInt8(ascii: ";")
            }
            guard !isAmbiguous else { throw FieldError("must not have a fragment that could be more of the path") }
        }
        return String(target[..<end])
    }

    private static func split(_ path: String) -> [Substring] {
        let bytes = path.utf8
        guard bytes.count > 1 else { return [] }
        var segments: [Substring] = []
        segments.reserveCapacity(8)
        var start = bytes.index(after: bytes.startIndex)
        var index = start
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "/") {
                segments.append(path[start..<index])
                start = bytes.index(after: index)
            }
            index = bytes.index(after: index)
        }
        segments.append(path[start...])
        return segments
    }
}

extension RequestPath: CustomStringConvertible {
    /// The normalised path.
    public var description: String { self.text }
}
