import Crypto

/// A token that another system made and that a client still sends: any bounded run of visible ASCII characters.
///
/// It has no shape by which it could be told from anything else, so nothing can recognise it in a text: whoever keeps
/// what a client sent takes it out by comparing (``redacted(from:)``). The value redacts itself.
public struct ForeignToken: Sendable {
    /// The lengths that are looked at; shorter ones can be guessed, longer ones do not fit into headers.
    public static let lengths = 16...512
    /// The least length of a token that is imported as it is.
    public static let leastLength = 20
    /// The least number of different characters of a token that is imported as it is.
    public static let leastVariety = 8

    let bytes: [UInt8]

    /// Reads what a client presented; nil for what no import can have brought.
    public init?(_ bytes: [UInt8]) {
        // RFC 8959: the scheme marks a token for scanners and is no part of it.
        let token = bytes.starts(with: "secret-token:".utf8) ? Array(bytes.dropFirst(13)) : bytes
        // What can stand in a header value as one word.
        guard Self.lengths.contains(token.count), token.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.bytes = token
    }

    /// Reads a token that is to be imported, and refuses one that can be guessed or would be taken for ours.
    public init(importing text: String) throws(FieldError) {
        guard let token = ForeignToken(Array(text.utf8)) else {
            throw FieldError(
                "must be \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) visible ASCII characters"
            )
        }
        guard token.bytes.count >= Self.leastLength, Set(token.bytes).count >= Self.leastVariety else {
            throw FieldError(
                """
                can be guessed: it must have at least \(Self.leastLength) characters, \
                \(Self.leastVariety) of them different
                """
            )
        }
        guard (try? KeyToken(parsing: token.bytes)) == nil else {
            throw FieldError("has the form of Claviger's own tokens, which are never imported")
        }
        self = token
    }

    /// A text that a client sent with this token, without the token.
    public func redacted(from text: String) -> String {
        let bytes = Array(text.utf8)
        let plain = Self.replace(self.bytes, in: bytes)
        let encoded = self.percentEncoded
        let done = encoded == self.bytes ? plain : Self.replace(encoded, in: plain)
        return done == bytes ? text : String(decoding: done, as: UTF8.self)
    }

    /// Whether a text has this token in it.
    public func isContained(in text: String) -> Bool {
        self.redacted(from: text) != text
    }

    private var percentEncoded: [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return self.bytes.flatMap { byte -> [UInt8] in
            if Base62.value(of: byte) != nil || "-._~".utf8.contains(byte) { return [byte] }
            return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    private static func replace(_ part: [UInt8], in text: [UInt8]) -> [UInt8] {
        guard text.count >= part.count else { return text }
        var kept: [UInt8] = []
        var position = 0
        while position < text.count {
            if text[position] == part[0], text[position...].starts(with: part) {
                kept += Array("…".utf8)
                position += part.count
            } else {
                kept.append(text[position])
                position += 1
            }
        }
        return kept
    }
}

// Without all three, printing, interpolating, reflecting or dumping a token would show it.
extension ForeignToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "ForeignToken(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
