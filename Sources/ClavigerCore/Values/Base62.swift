/// Numbers in base 62 with the alphabet `0-9A-Za-z`, most significant digit first and zero-padded.
///
/// The alphabet is in ASCII order, so texts of one width sort as their numbers do.
package enum Base62 {
    package static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in Self.alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The value of a character, or nil for one outside the alphabet.
    package static func value(of character: UInt8) -> UInt8? {
        let value = Self.values[Int(character)]
        return value == 0xFF ? nil : value
    }

    /// Whether every byte is in the alphabet.
    package static func contains(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { Self.values[Int($0)] != 0xFF }
    }

    /// The low digits of `number`.
    package static func digits<I: FixedWidthInteger & UnsignedInteger>(of number: I, width: Int) -> [UInt8] {
        var rest = number
        var digits = [UInt8](repeating: Self.alphabet[0], count: width)
        for index in stride(from: width - 1, through: 0, by: -1) where rest != 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 62)
            digits[index] = Self.alphabet[Int(remainder)]
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
        var digits = [UInt8](repeating: Self.alphabet[0], count: width)
        for index in stride(from: width - 1, through: 0, by: -1) {
            var remainder = 0
            for limb in limbs.indices {
                let value = remainder << 8 | Int(limbs[limb])
                limbs[limb] = UInt8(value / 62)
                remainder = value % 62
            }
            digits[index] = Self.alphabet[remainder]
        }
        return digits
    }
}
