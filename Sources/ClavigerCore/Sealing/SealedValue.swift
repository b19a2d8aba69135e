/// A secret as it is stored: encrypted, authenticated and bound to its place.
///
/// | bytes | content |
/// |---|---|
/// | 1 | format, 1 |
/// | 4 | version of the seal key, big-endian |
/// | 32 | random salt of this value |
/// | 32 | commitment to the key and the place |
/// | 12 | nonce |
/// | n | ciphertext |
/// | 16 | tag |
public struct SealedValue: Hashable, Sendable {
    static let format: UInt8 = 1
    static let saltLength = 32
    static let commitmentLength = 32
    static let nonceLength = 12
    static let tagLength = 16
    /// By how many bytes a sealed value is longer than its plaintext.
    public static let overhead =
        1 + 4 + Self.saltLength + Self.commitmentLength + Self.nonceLength + Self.tagLength

    /// The bytes to store.
    public let bytes: [UInt8]
    /// The version of the seal key.
    public let keyVersion: Int

    /// Reads stored bytes.
    ///
    /// Only the shape is checked; ``Sealer/open(_:for:)`` checks the rest.
    public init(bytes: [UInt8]) throws(SealingError) {
        guard let format = bytes.first else { throw .malformed }
        guard format == Self.format else { throw .unknownFormat(format) }
        guard bytes.count >= Self.overhead else { throw .malformed }
        self.bytes = bytes
        self.keyVersion = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
    }

    init(keyVersion: UInt32, salt: [UInt8], commitment: [UInt8], box: some Collection<UInt8>) {
        self.bytes = [Self.format] + bigEndian(keyVersion) + salt + commitment + box
        self.keyVersion = Int(keyVersion)
    }

    var salt: ArraySlice<UInt8> { self.bytes[5..<37] }
    var commitment: ArraySlice<UInt8> { self.bytes[37..<69] }
    /// Nonce, ciphertext and tag.
    var box: ArraySlice<UInt8> { self.bytes[69...] }
}

extension SealedValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String { "SealedValue(seal \(self.keyVersion), \(self.bytes.count) bytes)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
