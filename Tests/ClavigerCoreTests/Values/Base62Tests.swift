import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("Base 62")
struct Base62Tests {
    // Python's divmod gave the answers here and in `largeNumbers`.
    @Test(
        "known numbers",
        arguments: [
            (0, "00000000000"), (1, "00000000001"), (61, "0000000000z"), (62, "00000000010"),
            (4_294_967_295, "000004gfFC3"), (18_446_744_073_709_551_615, "LygHa16AHYF"),
        ] as [(UInt64, String)]
    )
    func knownNumbers(number: UInt64, text: String) {
        #expect(Base62.digits(of: number, width: 11) == Array(text.utf8))
        #expect(Base62.number(Array(text.utf8), as: UInt64.self) == number)
    }

    @Test("known byte strings of 256 bits")
    func largeNumbers() {
        let counting = Base62.encode((0..<32).map { UInt8($0) }, width: 43)
        #expect(String(decoding: counting, as: UTF8.self) == "003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf")
        let ones = Base62.encode([UInt8](repeating: 0xFF, count: 32), width: 43)
        #expect(String(decoding: ones, as: UTF8.self) == "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")
        #expect(Base62.encode([UInt8](repeating: 0, count: 32), width: 43) == [UInt8](repeating: 0x30, count: 43))
    }

    @Test("numbers of 256 bits survive", arguments: [21, 22] as [UInt64])
    func roundTrip(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let bytes = random.bytes(32)
            let digits = Base62.encode(bytes, width: 43)
            #expect(digits.count == 43)
            #expect(Self.bytes(of: digits) == bytes, "seed \(seed), \(bytes)")
        }
    }

    @Test("texts of one width sort as their numbers do", arguments: [23] as [UInt64])
    func order(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let (one, other) = (
                UInt64.random(in: 0 ... .max, using: &generator), UInt64.random(in: 0 ... .max, using: &generator)
            )
            let isBefore = Base62.digits(of: one, width: 11).lexicographicallyPrecedes(
                Base62.digits(of: other, width: 11)
            )
            #expect(isBefore == (one < other), "seed \(seed), \(one), \(other)")
        }
    }

    @Test("a number that does not fit, and foreign characters")
    func refused() {
        #expect(Base62.number(Array("LygHa16AHYG".utf8), as: UInt64.self) == nil)
        #expect(Base62.number(Array("zzzzzzzzzzz".utf8), as: UInt64.self) == nil)
        #expect(Base62.number(Array("48".utf8), as: UInt8.self) == nil)
        #expect(Base62.number(Array("47".utf8), as: UInt8.self) == 255)
        let alphabet = Set((0..<62).map { Base62.character($0) })
        #expect(alphabet.count == 62)
        for byte in UInt8.min ... .max {
            #expect((Base62.value(of: byte) != nil) == alphabet.contains(byte))
            #expect(Base62.contains([byte]) == alphabet.contains(byte))
        }
    }

    /// Horner's rule over a big-endian number of 256 bits, written out.
    private static func bytes(of digits: [UInt8]) -> [UInt8]? {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var number = [UInt8](repeating: 0, count: 32)
        for digit in digits {
            guard var carry = alphabet.firstIndex(of: digit) else { return nil }
            for index in number.indices.reversed() {
                carry += Int(number[index]) * 62
                number[index] = UInt8(carry & 0xFF)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        return number
    }
}
