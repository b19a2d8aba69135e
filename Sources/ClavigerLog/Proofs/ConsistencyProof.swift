/// The proof that a tree is an older tree with leaves appended (RFC 6962, section 2.1.2).
public struct ConsistencyProof: Hashable, Sendable {
    /// The number of leaves of the older tree.
    public var olderSize: UInt64
    /// The number of leaves of the tree.
    public var size: UInt64
    /// The roots of subtrees, in the order of RFC 6962.
    public var hashes: [LogHash]

    /// Takes a proof; ``proves(_:isIn:)`` checks it.
    public init(olderSize: UInt64, size: UInt64, hashes: [LogHash]) {
        self.olderSize = olderSize
        self.size = size
        self.hashes = hashes
    }

    /// Whether the tree with the older root is the beginning of the tree with the root (RFC 9162, section 2.1.4.2).
    ///
    /// The empty tree is the beginning of every tree, so there is nothing to prove, and the answer is no: who begins from
    /// nothing has to say so.
    public func proves(_ olderRoot: LogHash, isIn root: LogHash) -> Bool {
        guard self.olderSize > 0, self.olderSize <= self.size else { return false }
        guard self.olderSize < self.size else { return self.hashes.isEmpty && olderRoot == root }
        var hashes = self.hashes[...]
        // A perfect older tree is a subtree of the tree: its root is what the path begins with.
        let isPerfect = self.olderSize.nonzeroBitCount == 1
        guard let start = isPerfect ? olderRoot : hashes.popFirst() else { return false }
        guard !self.hashes.isEmpty else { return false }
        let levels = (~(self.olderSize - 1)).trailingZeroBitCount
        var place = (self.olderSize - 1) >> UInt64(levels)
        var last = (self.size - 1) >> UInt64(levels)
        var olderHash = start
        var hash = start
        for sibling in hashes {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                olderHash = .node(sibling, olderHash)
                hash = .node(sibling, hash)
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
        return last == 0 && olderHash == olderRoot && hash == root
    }
}
