/// A SHA-256 hash in the Merkle tree, 32 bytes: of a leaf, of an inner node or of the whole tree.
///
/// No secret: it may be shown, and is compared plainly.
public struct LogHash: Hashable, BitwiseCopyable, Sendable {
    /// The number of bytes.
    public static let length = 32

    // The bytes as they lie in memory. Words instead of an array, so that a hash costs no allocation and an array of
    // hashes is the bytes of a tile.
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    /// Takes 32 bytes; nil for any other number.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.length else { return nil }
        withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: bytes) }
    }

    /// Reads standard base64 of 32 bytes, with its padding; nil for anything else.
    public init?(base64 text: some StringProtocol) {
        guard let bytes = Base64.decode(text.utf8) else { return nil }
        self.init(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: self) { Array($0) }
    }

    /// Standard base64 with padding, 44 characters.
    public var base64: String {
        Base64.encode(self.bytes)
    }
}

extension LogHash: CustomStringConvertible {
    /// The same as ``base64``.
    public var description: String { self.base64 }
}
