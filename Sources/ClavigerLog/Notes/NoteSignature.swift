/// One line below a note: who says to have signed it, and the signature.
///
/// Nothing is proved until ``SignedNote/verified(by:)`` has checked it.
public struct NoteSignature: Hashable, Sendable {
    /// The name of the key.
    public let name: NoteKeyName
    /// The short id of the key.
    public let id: NoteKeyID
    /// The signature, as the type of the key defines it; never empty.
    public let bytes: [UInt8]

    init(by key: VerifierKey, bytes: [UInt8]) {
        self.name = key.name
        self.id = key.id
        self.bytes = bytes
    }

    /// Reads a line without its newline: an em dash, a space, the name, a space, base64 of the id and the signature.
    init?(line: ArraySlice<UInt8>) {
        guard let rest = ByteText.after(Self.start, in: line) else { return nil }
        let parts = rest.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, let name = NoteKeyName(utf8: parts[0]), let bytes = Base64.decode(parts[1]),
            bytes.count > 4
        else { return nil }
        self.name = name
        self.id = NoteKeyID(bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        self.bytes = Array(bytes.dropFirst(4))
    }

    /// Reads lines with their newlines, as a witness answers them; nil unless all are signatures and there is one.
    public static func parse(lines bytes: some Collection<UInt8>) -> [NoteSignature]? {
        guard let lines = ByteText.lines(Array(bytes)[...]) else { return nil }
        var signatures: [NoteSignature] = []
        for line in lines {
            guard let signature = NoteSignature(line: line) else { return nil }
            signatures.append(signature)
        }
        return signatures
    }

    /// The line with its newline.
    public var line: String {
        "\(Self.start)\(self.name) \(Base64.encode(self.id.bytes + self.bytes))\n"
    }

    private static let start = "\u{2014} "
}
