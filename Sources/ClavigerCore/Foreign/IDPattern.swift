/// Which part of a foreign token is public and names its record.
public enum IDPattern: Hashable, Sendable {
    /// Everything before the first separator: `before:.`
    case before(UInt8)
    /// One of the fields between separators, counted from 1: `field:_:3`
    case field(UInt8, Int)
    /// So many characters at the beginning: `first:8`
    case first(Int)

    /// The lengths that an id may have.
    public static let idLengths = 1...64

    /// Reads a pattern.
    public init(parsing text: String) throws(FieldError) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
        func number(_ digits: [UInt8], _ allowed: ClosedRange<Int>) -> Int? {
            Int(String(decoding: digits, as: UTF8.self)).flatMap { allowed.contains($0) ? $0 : nil }
        }
        switch (String(decoding: parts.first ?? [], as: UTF8.self), parts.count) {
        case ("before", 2):
            if let separator = Self.separator(parts[1]) {
                self = .before(separator)
                return
            }
        case ("field", 3):
            if let separator = Self.separator(parts[1]), let index = number(parts[2], 1...16) {
                self = .field(separator, index)
                return
            }
        case ("first", 2):
            if let count = number(parts[1], Self.idLengths) {
                self = .first(count)
                return
            }
        default: break
        }
        throw FieldError("must be before:<character>, field:<character>:<1 to 16> or first:<1 to 64>")
    }

    /// A character that can stand between the parts of a token and is no part of one.
    private static func separator(_ bytes: [UInt8]) -> UInt8? {
        guard bytes.count == 1, let byte = bytes.first, (0x21...0x7E).contains(byte), Base62.value(of: byte) == nil
        else { return nil }
        return byte
    }

    /// The pattern as text.
    public var text: String {
        switch self {
        case .before(let separator): "before:\(Character(Unicode.Scalar(separator)))"
        case .field(let separator, let index): "field:\(Character(Unicode.Scalar(separator))):\(index)"
        case .first(let count): "first:\(count)"
        }
    }

    /// Reads an id that tokens of this pattern can have.
    public func id(parsing text: String) throws(FieldError) -> [UInt8] {
        let id = Array(text.utf8)
        guard Self.idLengths.contains(id.count), id.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw FieldError(
                "must be \(Self.idLengths.lowerBound) to \(Self.idLengths.upperBound) visible ASCII characters"
            )
        }
        let fits =
            switch self {
            case .before(let separator), .field(let separator, _): !id.contains(separator)
            case .first(let count): id.count == count
            }
        guard fits else { throw FieldError("is not what \(self.text) finds in a token") }
        return id
    }

    /// The id of a token and what stands behind it; nil for a token that has no such part.
    func split(_ token: [UInt8]) -> (id: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        let id: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        switch self {
        case .before(let separator):
            guard let end = token.firstIndex(of: separator) else { return nil }
            id = token[..<end]
            rest = token[(end + 1)...]
        case .field(let separator, let index):
            let fields = token.split(separator: separator, maxSplits: index, omittingEmptySubsequences: false)
            guard fields.count > index else { return nil }
            id = fields[index - 1]
            rest = fields[index]
        case .first(let count):
            guard token.count > count else { return nil }
            id = token[..<count]
            rest = token[count...]
        }
        guard Self.idLengths.contains(id.count), !rest.isEmpty else { return nil }
        return (id, rest)
    }
}
