/// Signs notes with Ed25519 (type 0x01 of c2sp.org/signed-note), as a log signs its checkpoints.
///
/// It redacts itself.
public struct NoteSigner: Sendable {
    /// The number of secret bytes that a key is made of.
    public static let seedLength = SigningKey.seedLength

    private let key: SigningKey

    /// Makes a signer from 32 secret random bytes; nil for any other number.
    public init?(name: NoteKeyName, seed: some Collection<UInt8>) {
        guard let key = SigningKey(name: name, type: .ed25519, seed: seed) else { return nil }
        self.key = key
    }

    /// Reads `PRIVATE+KEY+name+id+base64(0x01 || seed)`.
    public init(parsing text: String) throws(NoteKeyError) {
        self.key = try SigningKey(parsing: text, type: .ed25519)
    }

    /// The public key, with the name.
    public var verifierKey: VerifierKey { self.key.verifierKey }

    /// Signs a text.
    public func sign(_ text: NoteText) -> NoteSignature {
        NoteSignature(by: self.verifierKey, bytes: self.key.sign(text.utf8))
    }

    /// The one door to the text of the key.
    ///
    /// The files that may open it are on a checked list.
    @_spi(Plaintext)
    public func withPlaintext<T>(_ body: ([UInt8]) throws -> T) rethrows -> T {
        try body(self.key.text)
    }
}

// Without all three, printing, interpolating, reflecting or dumping the signer could show its key.
extension NoteSigner: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name and the id of the key, without the secret.
    public var description: String { "NoteSigner(\(self.verifierKey.name)+\(self.verifierKey.id), redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
