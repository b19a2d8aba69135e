import Crypto

/// Tells one set of keys, each in one version, from every other.
///
/// SHA-256 over the 16 bytes of each id and the 8 bytes of its version, in the order of the ids.
public struct KeySetDigest: Sendable {
    private var hash = SHA256()

    /// Begins with no keys.
    ///
    /// - Parameter subject: what the set is for; two of them never have the same digest.
    public init(subject: String) {
        self.hash.update(data: Array("\(subject.utf8.count):\(subject)".utf8))
    }

    /// Takes in the next key.
    public mutating func add(_ id: APIKey.ID, version: Int) {
        withUnsafeBytes(of: id.bits.bigEndian) { self.hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: Int64(version).bigEndian) { self.hash.update(bufferPointer: $0) }
    }

    /// The digest of everything so far.
    public var bytes: [UInt8] { Array(self.hash.finalize()) }
}
