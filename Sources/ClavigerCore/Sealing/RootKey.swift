import Crypto
import CryptoExtras

/// The 256-bit secret from which every other key is derived.
///
/// It redacts itself.
///
/// It is kept outside the database: in a file, the environment or the head of an operator.
public struct RootKey: Sendable {
    /// The number of bytes.
    public static let length = 32

    private let secret: SymmetricKey

    /// Takes 32 secret bytes; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.length else { return nil }
        self.secret = SymmetricKey(data: Array(bytes))
    }

    /// Derives the root key from a passphrase by scrypt (RFC 7914).
    ///
    /// Slow and large by intention.
    ///
    /// The same passphrase, salt and parameters give the same key; the salt and the parameters are no secrets.
    public init(passphrase: some StringProtocol, salt: [UInt8], parameters: ScryptParameters) throws(ScryptError) {
        guard !passphrase.isEmpty, !salt.isEmpty else { throw .emptyInput }
        do {
            self.secret = try KDF.Scrypt.deriveKey(
                from: Array(passphrase.utf8),
                salt: salt,
                outputByteCount: Self.length,
                rounds: parameters.cost,
                blockSize: parameters.blockSize,
                parallelism: parameters.parallelism
            )
        } catch {
            // The parameters were checked, so all that is left is that the memory was not to be had.
            throw .derivationFailed
        }
    }

    /// A 256-bit key by HKDF-SHA256 (RFC 5869).
    func derive(salt: [UInt8], info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: self.secret,
            salt: salt,
            info: Array(info.utf8),
            outputByteCount: 32
        )
    }
}

extension RootKey: Equatable {
    /// Compares in constant time: `==` of `SymmetricKey` is swift-crypto's constant-time comparison.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.secret == rhs.secret
    }
}

// Without all three, printing, interpolating, reflecting or dumping the key would show it.
extension RootKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String { "RootKey(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
