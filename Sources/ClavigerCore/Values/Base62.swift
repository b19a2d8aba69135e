/// Numbers in base 62 with the alphabet `0-9A-Za-z`, most significant digit first and zero-padded.
///
/// The alphabet is in ASCII order, so texts of one width sort as their numbers do.
package enum Base62 {
    // Arithmetic instead of tables: a table is an object whose reference count all threads would change.

    /// The character of a digit from 0 to 61.
    package static func character(_ digit: UInt8) -> UInt8 {
        switch digit {
        case ..<10: UInt8(ascii: "0") + digit
        case ..<36: UInt8(ascii: "A") + digit - 10
        default: UInt8(ascii: "a") + digit - 36
        }
    }

    /// The value of a character, or nil for one outside the alphabet.
    package static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 36
        default: nil
        }
    }

    /// Whether every byte is in the alphabet.
    package static func contains(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { Self.value(of: $0) != nil }
    }

    /// The low digits of `number`.
    package static func digits<I: FixedWidthInteger & UnsignedInteger>(of number: I, width: Int) -> [UInt8] {
        var rest = number
        var digits = [UInt8](repeating: Self.character(0), count: width)
        for index in stride(from: width - 1, through: 0, by: -1) where rest != 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 62)
            digits[index] = Self.character(UInt8(remainder))
            rest = quotient
        }
        return digits
    }

    /// The number that the digits write, or nil for a foreign character or one that does not fit.
    package static func number<I: FixedWidthInteger & UnsignedInteger>(
        _ digits: some Collection<UInt8>,
        as: I.Type = I.self
    ) -> I? {
        var number: I = 0
        for digit in digits {
            guard let value = Self.value(of: digit) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 62)
            let (sum, carry) = product.addingReportingOverflow(I(value))
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    /// A big-endian byte string in base 62, zero-padded to `width` digits.
    ///
    /// 32 bytes need 43 digits: 62^43 is larger than 2^256.
    package static func encode(_ bytes: [UInt8], width: Int) -> [UInt8] {
        var limbs = bytes
        var digits = [UInt8](repeating: Self.character(0), count: width)
        for index in stride(from: width - 1, through: 0, by: -1) {
            var remainder = 0
            for limb in limbs.indices {
                let value = remainder << 8 | Int(limbs[limb])
                limbs[limb] = UInt8(value / 62)
                remainder = value % 62
            }
            digits[index] = Self.character(UInt8(remainder))
        }
        return digits
    }
}
