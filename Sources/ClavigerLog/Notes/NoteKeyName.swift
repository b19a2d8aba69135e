/// The name of a key that signs notes, such as `example.com/log`: no Unicode spaces, no `+`, no control characters.
///
/// Compared byte by byte (c2sp.org/signed-note).
public struct NoteKeyName: Hashable, Sendable {
    /// The bytes of the name.
    public let utf8: [UInt8]

    /// Takes a name; nil for what cannot be one.
    public init?(_ text: String) {
        self.init(utf8: text.utf8)
    }

    init?(utf8 bytes: some Collection<UInt8>) {
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace })
        else { return nil }
        self.utf8 = Array(bytes)
    }

    /// The name.
    public var text: String { String(decoding: self.utf8, as: UTF8.self) }
}

extension NoteKeyName: CustomStringConvertible {
    /// The same as ``text``.
    public var description: String { self.text }
}
