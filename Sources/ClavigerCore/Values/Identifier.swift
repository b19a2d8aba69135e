/// What an id's type says of its owner: the prefix that its text carries.
public protocol Identified {
    /// The prefix without the underscore, for example `key`.
    static var idPrefix: String { get }
}

/// Why a text is not an id of the wanted kind.
public enum IdentifierError: Error, Hashable {
    /// The text does not begin with the prefix of this kind of id.
    case wrongPrefix(expected: String)
    /// What follows the prefix is not 22 base62 characters that carry 128 bits.
    case malformed
}

/// A generated, typed id: 48 bits of creation time in milliseconds, then 80 random bits.
///
/// As text: the owner's prefix, an underscore and 22 base62 characters. Texts sort by creation. An id is public; it may
/// be logged.
public struct Identifier<Owner: Identified>: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// 62^10, the largest power of 62 that leaves room in 64 bits.
    private static var tenDigits: UInt128 { 839_299_365_868_340_224 }

    /// Makes a new id.
    public init(at now: Timestamp, from random: any RandomSource) {
        let bytes = random.bytes(10)
        let first = UInt64(bytes[0]) << 8 | UInt64(bytes[1])
        self.high = UInt64(bitPattern: now.milliseconds) << 16 | first
        self.low = bytes[2...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The 128 bits of an id.
    public var bits: UInt128 { UInt128(self.high) << 64 | UInt128(self.low) }

    /// When the id was made.
    public var madeAt: Timestamp { Timestamp(milliseconds: Int64(self.high >> 16)) }

    /// The id with these bits, as ``bits`` gives them.
    public init(bits: UInt128) {
        self.high = UInt64(truncatingIfNeeded: bits >> 64)
        self.low = UInt64(truncatingIfNeeded: bits)
    }

    /// Reads an id of this kind.
    public init(parsing text: String) throws(IdentifierError) {
        var bytes = Array(text.utf8)[...]
        guard
            bytes.starts(with: Owner.idPrefix.utf8),
            bytes.dropFirst(Owner.idPrefix.utf8.count).first == UInt8(ascii: "_")
        else { throw .wrongPrefix(expected: Owner.idPrefix) }
        bytes = bytes.dropFirst(Owner.idPrefix.utf8.count + 1)
        guard bytes.count == 22, let number = Base62.number(bytes, as: UInt128.self) else { throw .malformed }
        self.high = UInt64(truncatingIfNeeded: number >> 64)
        self.low = UInt64(truncatingIfNeeded: number)
    }

    /// The id as text, for example `key_0Uk3…`.
    public var text: String {
        // Every verification answers three ids, so this is done with two wide divisions and not with 22.
        let number = UInt128(self.high) << 64 | UInt128(self.low)
        let (upper, lowest) = number.quotientAndRemainder(dividingBy: Self.tenDigits)
        let (highest, middle) = upper.quotientAndRemainder(dividingBy: Self.tenDigits)
        let parts = [
            (UInt64(truncatingIfNeeded: highest), 2), (UInt64(truncatingIfNeeded: middle), 10),
            (UInt64(truncatingIfNeeded: lowest), 10),
        ]
        let prefix = Owner.idPrefix.utf8
        return String(unsafeUninitializedCapacity: prefix.count + 23) { buffer in
            var position = 0
            for byte in prefix {
                buffer[position] = byte
                position += 1
            }
            buffer[position] = UInt8(ascii: "_")
            position += 1
            for (part, width) in parts {
                var rest = part
                for index in stride(from: position + width - 1, through: position, by: -1) {
                    buffer[index] = Base62.character(UInt8(rest % 62))
                    rest /= 62
                }
                position += width
            }
            return position
        }
    }
}

extension Identifier: CustomStringConvertible {
    /// The text that may be shown.
    public var description: String { self.text }
}

extension Identifier: Comparable {
    /// The order of creation.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }
}
