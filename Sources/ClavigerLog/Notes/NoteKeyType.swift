/// What a key signs, as the identifier byte of c2sp.org/signed-note.
public enum NoteKeyType: UInt8, CaseIterable, Hashable, Sendable {
    /// Ed25519 over the text.
    case ed25519 = 0x01
    /// Ed25519 over a time and the text of a checkpoint (c2sp.org/tlog-cosignature).
    case cosignature = 0x04
}

/// Why a text is not a key for notes.
public enum NoteKeyError: Error, Hashable, Sendable {
    /// Not `name+id+base64`, or with `PRIVATE+KEY+` in front for a signer.
    case malformed
    /// A type that is not supported, or not the one of this kind of signer.
    case wrongType
    /// The id in the text is not that of the key.
    case wrongID
}
