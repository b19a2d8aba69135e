import Crypto

/// A public key that checks signatures of notes: `name+id+base64(type || key)`.
public struct VerifierKey: Hashable, Sendable {
    /// The name of the key.
    public let name: NoteKeyName
    /// The short id, of the name, the type and the key.
    public let id: NoteKeyID
    /// What the key signs.
    public let type: NoteKeyType
    /// The 32 bytes of the Ed25519 public key.
    public let publicKey: [UInt8]

    /// Takes an Ed25519 public key of 32 bytes; nil for any other number.
    public init?(name: NoteKeyName, type: NoteKeyType, publicKey: [UInt8]) {
        guard publicKey.count == 32 else { return nil }
        self.init(checkedPublicKey: publicKey, name: name, type: type)
    }

    init(checkedPublicKey publicKey: [UInt8], name: NoteKeyName, type: NoteKeyType) {
        self.name = name
        self.id = NoteKeyID(name: name, type: type, publicKey: publicKey)
        self.type = type
        self.publicKey = publicKey
    }

    /// Reads the text of a key.
    public init(parsing text: String) throws(NoteKeyError) {
        let (name, id, type, key) = try NoteKeyText.parse(text.utf8)
        self.init(checkedPublicKey: key, name: name, type: type)
        guard self.id == id else { throw .wrongID }
    }

    /// The text of the key.
    public var text: String {
        NoteKeyText.text(name: self.name, id: self.id, type: self.type, key: self.publicKey)
    }

    /// Whether a signature says that it is by this key.
    func isNamed(by signature: NoteSignature) -> Bool {
        self.name == signature.name && self.id == signature.id
    }

    /// Checks a signature of this key.
    ///
    /// - Returns: What was verified, or nil if the signature is not good.
    func verify(_ signature: NoteSignature, of text: NoteText) -> VerifiedNote.Signature? {
        switch self.type {
        case .ed25519:
            guard self.isValid(signature.bytes[...], of: text.utf8) else { return nil }
            return VerifiedNote.Signature(key: self, time: nil)
        case .cosignature:
            guard let cosignature = Cosignature(signature.bytes),
                self.isValid(cosignature.signature, of: Cosignature.message(text, at: cosignature.time))
            else { return nil }
            return VerifiedNote.Signature(key: self, time: cosignature.time)
        }
    }

    private func isValid(_ signature: ArraySlice<UInt8>, of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: self.publicKey) else { return false }
        return key.isValidSignature(Array(signature), for: message)
    }
}

extension VerifierKey: CustomStringConvertible {
    /// The same as ``text``.
    public var description: String { self.text }
}
