/// Which paths an endpoint rule is for: `/v1/invoices/{id}/**`.
///
/// A segment is literal, or stands for exactly one segment (`{name}` or `*`); the last one may be `**`, which stands for
/// one or more. So `/v1/**` is not for `/v1` itself, which takes a rule of its own. Literal segments are normalised as
/// the paths are; see ``RequestPath``. There are no patterns within a segment: `*` next to other characters is refused,
/// not taken for a part of a name or a glob.
public struct PathPattern: Hashable, Sendable {
    /// One part of a pattern.
    enum Segment: Hashable, Sendable {
        case literal(Substring)
        case any
        case rest
    }

    private static let longestName = 64

    /// The pattern in its normalised spelling.
    public let text: String

    /// What the segments stand for; names of parameters make no difference.
    let segments: [Segment]

    /// Reads a pattern.
    public init(parsing text: String) throws(FieldError) {
        guard text.utf8.count <= RequestPath.longest else {
            throw FieldError("must have at most \(RequestPath.longest) bytes")
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw FieldError("must begin with a slash") }
        var parser = Parser()
        for part in text.utf8.split(separator: UInt8(ascii: "/")) { try parser.append(String(Substring(part))) }
        guard parser.segments.count <= RequestPath.mostSegments else {
            throw FieldError("must have at most \(RequestPath.mostSegments) segments")
        }
        self.text = parser.text.isEmpty ? "/" : parser.text
        self.segments = parser.segments
        guard self.text.utf8.count <= RequestPath.longest else {
            throw FieldError("must have at most \(RequestPath.longest) bytes when its characters are escaped")
        }
    }

    /// Whether the pattern is for the path.
    public func matches(_ path: RequestPath) -> Bool {
        for (index, segment) in self.segments.enumerated() {
            guard index < path.segments.count else { return false }
            switch segment {
            case .literal(let literal): guard literal == path.segments[index] else { return false }
            case .any: break
            case .rest: return true
            }
        }
        return self.segments.count == path.segments.count
    }
}

extension PathPattern: CustomStringConvertible {
    /// The normalised spelling.
    public var description: String { self.text }
}

extension PathPattern {
    private struct Parser {
        var text = ""
        var segments: [Segment] = []
        private var names: Set<String> = []

        mutating func append(_ part: String) throws(FieldError) {
            guard self.segments.last != .rest else { throw FieldError("must have ** only at the end") }
            switch part {
            case "*": self.append(.any, part)
            case "**": self.append(.rest, part)
            default:
                if part.utf8.first == UInt8(ascii: "{"), part.utf8.last == UInt8(ascii: "}") {
                    try self.appendParameter(part)
                } else {
                    try self.appendLiteral(part)
                }
            }
        }

        private mutating func append(_ segment: Segment, _ text: String) {
            self.segments.append(segment)
            self.text += "/" + text
        }

        private mutating func appendParameter(_ part: String) throws(FieldError) {
            let name = String(part.dropFirst().dropLast())
            guard Self.isName(name.utf8) else {
                throw FieldError(
                    "must have names of 1 to \(PathPattern.longestName) letters, digits, _ and - in braces, beginning "
                        + "with a letter or _"
                )
            }
            guard self.names.insert(name).inserted else { throw FieldError("must not have the same name twice") }
            self.append(.any, part)
        }

        private mutating func appendLiteral(_ part: String) throws(FieldError) {
            for byte in part.utf8 {
                switch byte {
                case UInt8(ascii: "*"):
                    throw FieldError("must have * and ** only as whole segments; a literal * is %2A")
                case UInt8(ascii: "{"), UInt8(ascii: "}"):
                    throw FieldError("must have {name} only as whole segments; literal braces are %7B and %7D")
                case UInt8(ascii: "?"), UInt8(ascii: "#"): throw FieldError("must not have a query or a fragment")
                default: break
                }
            }
            let spelling = try PathNormalizer.spelling(ofSegment: part)
            guard spelling != ".", spelling != ".." else { throw FieldError("must not have dot segments") }
            self.append(.literal(PathNormalizer.comparable(spelling)[...]), spelling)
        }

        private static func isName(_ bytes: String.UTF8View) -> Bool {
            guard (1...PathPattern.longestName).contains(bytes.count), let first = bytes.first else { return false }
            return Self.isLetter(first) && bytes.allSatisfy { Self.isLetter($0) || Self.isDigitOrHyphen($0) }
        }

        private static func isLetter(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            default: false
            }
        }

        private static func isDigitOrHyphen(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
    }
}
