/// Why a signed note is refused.
public enum NoteError: Error, Hashable, Sendable {
    /// More bytes than ``SignedNote/longest``.
    case tooLong
    /// Not UTF-8, control characters, no blank line, or lines below it that are no signatures.
    case malformed
    /// No signature, or more than ``SignedNote/mostSignatures``.
    case wrongSignatureCount
    /// No signature is by a known key.
    case noKnownKey
    /// A signature names a known key and is not by it.
    case invalidSignature
}

/// A text with signatures below it that nobody has checked yet (c2sp.org/signed-note).
public struct SignedNote: Hashable, Sendable {
    /// The most bytes of a note.
    public static let longest = 1_000_000
    /// The most signatures of a note.
    public static let mostSignatures = 100

    /// The text.
    ///
    /// Not to be believed before ``verified(by:)``.
    public let text: NoteText
    /// The signatures, in their order: at least one.
    public let signatures: [NoteSignature]

    /// Puts signatures below a text.
    public init(_ text: NoteText, signatures: [NoteSignature]) throws(NoteError) {
        guard (1...Self.mostSignatures).contains(signatures.count) else { throw .wrongSignatureCount }
        self.text = text
        self.signatures = signatures
        guard self.bytes.count <= Self.longest else { throw .tooLong }
    }

    /// Reads a note.
    public init(parsing bytes: some Collection<UInt8>) throws(NoteError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        let bytes = Array(bytes)
        // The text of a note may have blank lines itself, the signatures not.
        guard ByteText.isNote(bytes), let (head, rest) = ByteText.atLastBlankLine(bytes),
            let text = NoteText(utf8: head), let lines = ByteText.lines(rest)
        else { throw .malformed }
        guard lines.count <= Self.mostSignatures else { throw .wrongSignatureCount }
        var signatures: [NoteSignature] = []
        for line in lines {
            guard let signature = NoteSignature(line: line) else { throw .malformed }
            signatures.append(signature)
        }
        self.text = text
        self.signatures = signatures
    }

    /// The whole note, as it is stored and served.
    public var bytes: [UInt8] {
        self.text.utf8 + [ByteText.newline] + self.signatures.flatMap { $0.line.utf8 }
    }

    /// The note with further signatures below those that it has; one that is there already is not added again.
    public func adding(_ signatures: [NoteSignature]) throws(NoteError) -> SignedNote {
        var all = self.signatures
        for signature in signatures where !all.contains(signature) { all.append(signature) }
        return try SignedNote(self.text, signatures: all)
    }

    /// Checks all signatures that name one of the keys.
    ///
    /// Those by other keys are ignored. One that names a known key and is not by it refuses the whole note, as does the
    /// lack of any by a known key.
    public func verified(by keys: some Collection<VerifierKey>) throws(NoteError) -> VerifiedNote {
        var verified: [VerifiedNote.Signature] = []
        for signature in self.signatures {
            for key in keys where key.isNamed(by: signature) {
                guard let good = key.verify(signature, of: self.text) else { throw .invalidSignature }
                verified.append(good)
            }
        }
        guard !verified.isEmpty else { throw .noKnownKey }
        return VerifiedNote(text: self.text, signatures: verified)
    }
}
