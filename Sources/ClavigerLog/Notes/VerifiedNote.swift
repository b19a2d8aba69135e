/// A text that at least one known key has signed.
///
/// Only ``SignedNote/verified(by:)`` makes one.
public struct VerifiedNote: Hashable, Sendable {
    /// A signature that was checked.
    public struct Signature: Hashable, Sendable {
        /// The key that made it.
        public let key: VerifierKey
        /// When, for a cosignature; other signatures have no time.
        public let time: CosignatureTime?

        init(key: VerifierKey, time: CosignatureTime?) {
            self.key = key
            self.time = time
        }
    }

    /// The text.
    public let text: NoteText
    /// The signatures by known keys, in the order of the note: at least one.
    public let signatures: [Signature]

    init(text: NoteText, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }
}
