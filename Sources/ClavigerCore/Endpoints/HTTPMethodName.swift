/// The name of a request method, for example `GET`.
public struct HTTPMethodName: Hashable, Sendable {
    /// The largest number of bytes.
    public static let longest = 32

    /// The name as text.
    public let text: String

    /// Reads a token (RFC 9110 section 5.6.2) of at most 32 characters without lower-case letters.
    public init(parsing text: String) throws(FieldError) {
        guard Self.isToken(text.utf8) else {
            throw FieldError("must be the name of a method of at most \(Self.longest) characters, such as GET")
        }
        guard !text.utf8.contains(where: Self.isLowercase) else { throw FieldError("must be in upper case") }
        self.text = text
    }

    /// Takes what a client sent, or nil if no method can have this name.
    ///
    /// Names are case-sensitive, but not every server knows: to one that takes `delete` for `DELETE`, it must not be a
    /// method that no rule names.
    public init?(folding text: String) {
        guard Self.isToken(text.utf8) else { return nil }
        self.text = text.utf8.contains(where: Self.isLowercase) ? text.uppercased() : text
    }

    private init(known text: String) {
        self.text = text
    }

    static let get = HTTPMethodName(known: "GET")
    static let head = HTTPMethodName(known: "HEAD")

    private static func isLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isToken(_ bytes: String.UTF8View) -> Bool {
        (1...Self.longest).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
                    UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }
}

extension HTTPMethodName: CustomStringConvertible, Comparable {
    /// The name.
    public var description: String { self.text }

    /// The order of the names.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.text < rhs.text
    }
}
