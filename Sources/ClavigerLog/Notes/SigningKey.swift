import Crypto

/// The secret half of a key for notes: `PRIVATE+KEY+name+id+base64(type || seed)`.
struct SigningKey: Sendable {
    static let seedLength = 32
    private static let start = "PRIVATE+KEY+"

    let verifierKey: VerifierKey
    private let secret: Curve25519.Signing.PrivateKey

    init?(name: NoteKeyName, type: NoteKeyType, seed: some Collection<UInt8>) {
        guard seed.count == Self.seedLength,
            let secret = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed))
        else { return nil }
        self.secret = secret
        self.verifierKey = VerifierKey(
            checkedPublicKey: Array(secret.publicKey.rawRepresentation),
            name: name,
            type: type
        )
    }

    init(parsing text: String, type: NoteKeyType) throws(NoteKeyError) {
        guard let rest = ByteText.after(Self.start, in: Array(text.utf8)[...]) else { throw .malformed }
        let (name, id, found, seed) = try NoteKeyText.parse(rest)
        guard found == type else { throw .wrongType }
        guard let key = SigningKey(name: name, type: type, seed: seed) else { throw .malformed }
        guard key.verifierKey.id == id else { throw .wrongID }
        self = key
    }

    /// The text of the key, which is the secret.
    var text: [UInt8] {
        let key = self.verifierKey
        let seed = Array(self.secret.rawRepresentation)
        return Array((Self.start + NoteKeyText.text(name: key.name, id: key.id, type: key.type, key: seed)).utf8)
    }

    func sign(_ message: [UInt8]) -> [UInt8] {
        guard let signature = try? self.secret.signature(for: message) else {
            preconditionFailure("Ed25519 signs every message")
        }
        return Array(signature)
    }
}

// Without all three, printing, interpolating, reflecting or dumping the key could show it.
extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "SigningKey(\(self.verifierKey.name)+\(self.verifierKey.id), redacted)" }
    var debugDescription: String { self.description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
