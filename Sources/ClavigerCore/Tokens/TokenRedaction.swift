/// Takes tokens out of texts that clients send and that are kept: a path, a user agent.
///
/// Clients put tokens where they do not belong. Kept, each would be a plaintext outside its one place (promise P1).
public enum TokenRedaction {
    /// The text with every run of letters and digits that is as long as a token's body, and stands behind an
    /// underscore, cut down to its lookup id.
    ///
    /// The checksum does not matter: a token with a typing error is nearly a token.
    public static func redacting(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count > KeyToken.bodyLength else { return text }
        var kept: [UInt8] = []
        var copied = 0
        var start = 0
        for position in 0...bytes.count {
            if position < bytes.count, Base62.value(of: bytes[position]) != nil { continue }
            if position - start >= KeyToken.bodyLength, Self.isBehindUnderscore(bytes, start) {
                kept += bytes[copied..<(start + LookupID.length)] + Array("…".utf8)
                copied = position
            }
            start = position + 1
        }
        guard copied > 0 else { return text }
        kept += bytes[copied...]
        return String(decoding: kept, as: UTF8.self)
    }

    /// Also behind one that is percent-encoded, whose digits then are part of the run.
    private static func isBehindUnderscore(_ bytes: [UInt8], _ start: Int) -> Bool {
        guard start > 0 else { return false }
        if bytes[start - 1] == UInt8(ascii: "_") { return true }
        return bytes[start - 1] == UInt8(ascii: "%") && bytes[start...].starts(with: Array("5F".utf8))
            || bytes[start - 1] == UInt8(ascii: "%") && bytes[start...].starts(with: Array("5f".utf8))
    }
}
