import Crypto

/// The short id of a key, which a signature carries beside the key's name (c2sp.org/signed-note).
///
/// It finds the key and proves nothing.
public struct NoteKeyID: Hashable, Sendable {
    /// The id as a number.
    public let number: UInt32

    /// Takes the number.
    public init(_ number: UInt32) {
        self.number = number
    }

    /// The first four bytes of SHA-256 of the name, a newline, the type and the public key.
    init(name: NoteKeyName, type: NoteKeyType, publicKey: [UInt8]) {
        var hasher = SHA256()
        hasher.update(data: name.utf8)
        hasher.update(data: [ByteText.newline, type.rawValue])
        hasher.update(data: publicKey)
        self.number = hasher.finalize().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads eight lower-case hexadecimal digits.
    init?(hexadecimal digits: some Collection<UInt8>) {
        guard digits.count == 8 else { return nil }
        var number: UInt32 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self.number = number
    }

    /// The four bytes, the highest first.
    var bytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: self.number >> (24 - 8 * $0)) }
    }
}

extension NoteKeyID: CustomStringConvertible {
    /// Eight lower-case hexadecimal digits.
    public var description: String {
        let digits = String(self.number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
