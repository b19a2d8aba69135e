import Crypto
import Foundation

/// The secret that an endpoint's deliveries are signed with: 24 to 64 bytes, as text `whsec_` and their base64.
///
/// Shown once, stored sealed. The value redacts itself; ``withPlaintext(_:)`` is the one door.
public struct WebhookSecret: Sendable {
    static let prefix = "whsec_"
    private static let length = 32

    let key: SymmetricKey

    /// Makes a new secret.
    public init(from random: any RandomSource) {
        self.key = SymmetricKey(data: random.bytes(Self.length))
    }

    /// Reads `whsec_…`; nil for anything else.
    public init?(parsing text: String) {
        guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count)))
        else { return nil }
        self.init(bytes: Array(bytes))
    }

    private init?(bytes: [UInt8]) {
        guard (24...64).contains(bytes.count) else { return nil }
        self.key = SymmetricKey(data: bytes)
    }

    /// Opens a sealed secret.
    public init(opening sealed: SealedValue, for context: SealingContext, with sealer: Sealer) throws(SealingError) {
        guard let secret = Self(bytes: try sealer.open(sealed, for: context)) else { throw .malformed }
        self = secret
    }

    /// The secret as it is stored.
    public func sealed(for context: SealingContext, with sealer: Sealer) throws(SealingError) -> SealedValue {
        try sealer.seal(self.key.withUnsafeBytes { Array($0) }, for: context)
    }

    /// Hands the text to `body`.
    @_spi(Plaintext)
    public func withPlaintext<T>(_ body: (String) throws -> T) rethrows -> T {
        try body(Self.prefix + self.key.withUnsafeBytes { Data($0).base64EncodedString() })
    }
}

extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String { "WebhookSecret(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
