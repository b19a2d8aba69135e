/// Base64 as other systems write it: with `+/`, `-_` or passlib's `./`, with padding or without.
enum Base64Text {
    /// The bytes of a text; nil for what is none.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var characters = Array(text.utf8)
        var padding = 0
        while characters.last == UInt8(ascii: "=") {
            characters.removeLast()
            padding += 1
        }
        guard padding == 0 || (padding < 3 && (characters.count + padding).isMultiple(of: 4)) else { return nil }
        for index in characters.indices {
            switch characters[index] {
            case UInt8(ascii: "+"), UInt8(ascii: "."): characters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): characters[index] = UInt8(ascii: "_")
            default: break
            }
        }
        return Base64URL.decode(String(decoding: characters, as: UTF8.self))
    }
}
