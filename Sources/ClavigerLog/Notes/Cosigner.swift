/// Signs checkpoints of others with a time (type 0x04, c2sp.org/tlog-cosignature), as a witness does.
///
/// It redacts itself.
public struct Cosigner: Sendable {
    /// The number of secret bytes that a key is made of.
    public static let seedLength = SigningKey.seedLength

    private let key: SigningKey

    /// Makes a cosigner from 32 secret random bytes; nil for any other number.
    ///
    /// Each cosigner needs bytes of its own: what it signs does not say its name.
    public init?(name: NoteKeyName, seed: some Collection<UInt8>) {
        guard let key = SigningKey(name: name, type: .cosignature, seed: seed) else { return nil }
        self.key = key
    }

    /// Reads `PRIVATE+KEY+name+id+base64(0x04 || seed)`.
    public init(parsing text: String) throws(NoteKeyError) {
        self.key = try SigningKey(parsing: text, type: .cosignature)
    }

    /// The public key, with the name.
    public var verifierKey: VerifierKey { self.key.verifierKey }

    /// Signs a checkpoint, with all its lines.
    ///
    /// Only after its consistency with everything that was signed before has been checked and stored.
    public func cosign(_ checkpoint: Checkpoint, at time: CosignatureTime) -> NoteSignature {
        let signature = self.key.sign(Cosignature.message(checkpoint.text, at: time))
        return NoteSignature(by: self.verifierKey, bytes: Cosignature.bytes(time: time, signature: signature))
    }

    /// The one door to the text of the key.
    ///
    /// The files that may open it are on a checked list.
    @_spi(Plaintext)
    public func withPlaintext<T>(_ body: ([UInt8]) throws -> T) rethrows -> T {
        try body(self.key.text)
    }
}

// Without all three, printing, interpolating, reflecting or dumping the cosigner could show its key.
extension Cosigner: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name and the id of the key, without the secret.
    public var description: String { "Cosigner(\(self.verifierKey.name)+\(self.verifierKey.id), redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
