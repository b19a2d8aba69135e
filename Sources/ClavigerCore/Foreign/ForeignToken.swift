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
    /// How often a text can be encoded over and the token is still found: as it is, once, twice and three times.
    private static let mostLayers = 4

    let bytes: [UInt8]

    /// How many characters of its beginning may be shown: a third, so that what is left cannot be guessed.
    public var longestStart: Int { self.bytes.count / 3 }

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

    /// A text that a client sent with this token, without the token, however it is percent-encoded there.
    public func redacted(from text: String) -> String {
        let bytes = Array(text.utf8)
        let places = self.places(in: bytes)
        guard !places.isEmpty else { return text }
        var kept: [UInt8] = []
        var copied = 0
        for place in places where copied <= place.lowerBound {
            kept += bytes[copied..<place.lowerBound] + Array("…".utf8)
            copied = place.upperBound
        }
        return String(decoding: kept + bytes[copied...], as: UTF8.self)
    }

    /// Where a text has this token; of two places that overlap, both are one.
    private func places(in bytes: [UInt8]) -> [Range<Int>] {
        var text = PercentDecodedText(bytes)
        var places: [Range<Int>] = []
        let forms = self.forms
        var layers = 0
        repeat {
            for form in forms { places += text.places(of: form) }
            layers += 1
        } while layers < Self.mostLayers && text.decode()
        guard places.count > 1 else { return places }
        places.sort { $0.lowerBound < $1.lowerBound }
        var merged: [Range<Int>] = []
        for place in places {
            guard let last = merged.last, place.lowerBound < last.upperBound else {
                merged.append(place)
                continue
            }
            merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
        }
        return merged
    }

    /// The token, and what is left of it where somebody has decoded it that should not have.
    private var forms: [[UInt8]] {
        var decoded = PercentDecodedText(self.bytes)
        guard decoded.decode(), decoded.bytes.count >= Self.lengths.lowerBound else { return [self.bytes] }
        return [self.bytes, decoded.bytes]
    }

    /// Whether a text has this token in it.
    public func isContained(in text: String) -> Bool {
        self.redacted(from: text) != text
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
