/// The proof that a leaf is in a tree (RFC 6962, section 2.1.1).
public struct InclusionProof: Hashable, Sendable {
    /// The most hashes that a proof can have.
    public static let mostHashes = 64

    /// The place of the leaf, from 0.
    public var index: UInt64
    /// The number of leaves of the tree.
    public var size: UInt64
    /// The siblings of the path, from the leaf's up to the one below the root.
    public var hashes: [LogHash]

    /// Takes a proof; ``proves(_:in:)`` checks it.
    public init(index: UInt64, size: UInt64, hashes: [LogHash]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// Whether the leaf with this hash is in the tree with this root, at this index (RFC 9162, section 2.1.3.2).
    public func proves(_ leaf: LogHash, in root: LogHash) -> Bool {
        guard self.index < self.size else { return false }
        var place = self.index
        var last = self.size - 1
        var hash = leaf
        for sibling in self.hashes {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                hash = .node(sibling, hash)
                // At the right edge: the levels in which the path has no sibling.
                while place & 1 == 0, place > 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }
}
