/// The name of a limit, such as `burst` or `perDay`: unique among the limits of one key, consumer, plan or api.
public struct LimitName: Hashable, Sendable {
    /// The largest number of characters.
    public static let longest = 32

    /// The name as text.
    public let text: String

    /// Reads 1 to 32 letters, digits and hyphens that begin with a lower-case letter.
    public init(parsing text: String) throws(FieldError) {
        let bytes = text.utf8
        guard (1...Self.longest).contains(bytes.count), let first = bytes.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), bytes.allSatisfy(Self.isAllowed)
        else {
            throw FieldError(
                "must be 1 to \(Self.longest) characters: a lower-case letter, then letters, digits or -"
            )
        }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension LimitName: CustomStringConvertible {
    /// The text that may be shown.
    public var description: String { self.text }
}
