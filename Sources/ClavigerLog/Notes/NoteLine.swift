/// A line of a note, as an origin or an extension of a checkpoint: not empty, UTF-8, without control characters.
///
/// Compared byte by byte.
public struct NoteLine: Hashable, Sendable {
    /// The bytes, without the newline.
    public let utf8: [UInt8]

    /// Takes a line; nil for what cannot be one.
    public init?(_ text: String) {
        self.init(utf8: text.utf8)
    }

    init?(utf8 bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, !bytes.contains(ByteText.newline), ByteText.isNote(bytes) else { return nil }
        self.utf8 = Array(bytes)
    }

    /// The line as text, without the newline.
    public var text: String { String(decoding: self.utf8, as: UTF8.self) }
}

extension NoteLine: CustomStringConvertible {
    /// The same as ``text``.
    public var description: String { self.text }
}
