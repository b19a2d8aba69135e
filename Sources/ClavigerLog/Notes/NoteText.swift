/// The text that a note signs: UTF-8 that ends in a newline and has no other control characters.
///
/// Compared byte by byte (c2sp.org/signed-note).
public struct NoteText: Hashable, Sendable {
    /// The bytes, with the last newline.
    public let utf8: [UInt8]

    /// Takes a text; nil for what a note cannot sign.
    public init?(_ text: String) {
        self.init(utf8: text.utf8)
    }

    init?(utf8 bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.last == ByteText.newline, ByteText.isNote(bytes) else { return nil }
        self.utf8 = bytes
    }

    /// Puts lines together.
    init(lines: [NoteLine]) {
        self.utf8 = lines.flatMap { $0.utf8 + [ByteText.newline] }
    }

    /// The text with the last newline.
    public var text: String { String(decoding: self.utf8, as: UTF8.self) }
}
