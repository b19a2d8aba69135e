/// Standard base64 with padding (RFC 4648, section 4), strict: every byte string has exactly one text.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in Self.alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The text of the bytes.
    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity((bytes.count + 2) / 3 * 4)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                characters.append(Self.alphabet[Int(buffer >> UInt32(bits) & 0x3F)])
            }
        }
        if bits > 0 { characters.append(Self.alphabet[Int(buffer << UInt32(6 - bits) & 0x3F)]) }
        while !characters.count.isMultiple(of: 4) { characters.append(UInt8(ascii: "=")) }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The bytes of a text, or nil for missing padding, foreign characters or stray bits at the end.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let length = text.count
        guard length.isMultiple(of: 4) else { return nil }
        var characters = length
        for character in text.suffix(2) where character == UInt8(ascii: "=") { characters -= 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length / 4 * 3)
        var buffer: UInt32 = 0
        var bits = 0
        // A padding character among these is a foreign one.
        for character in text.prefix(characters) {
            let value = Self.values[Int(character)]
            guard value != 0xFF else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        guard buffer & (1 << UInt32(bits) - 1) == 0 else { return nil }
        return bytes
    }
}
