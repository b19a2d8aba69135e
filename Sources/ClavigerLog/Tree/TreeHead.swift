/// The right edge of a growing Merkle tree: all that is needed to append leaves and to know the root.
///
/// Never more than 64 hashes, however many leaves there are.
public struct TreeHead: Hashable, Sendable {
    /// The number of leaves.
    public private(set) var size: UInt64
    /// The roots of the perfect subtrees that the tree is made of, from the left: one for each bit of the size that is set.
    public private(set) var edge: [LogHash]

    /// The empty tree.
    public init() {
        self.size = 0
        self.edge = []
        self.edge.reserveCapacity(64)
    }

    /// Takes up a tree where it was left; nil if the edge cannot be one of this size.
    public init?(size: UInt64, edge: [LogHash]) {
        guard edge.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.edge = edge
    }

    /// The root of the tree.
    public var root: LogHash {
        guard var root = self.edge.last else { return .emptyRoot }
        for left in self.edge.dropLast().reversed() { root = .node(left, root) }
        return root
    }

    /// Appends a leaf.
    public mutating func append(_ leaf: LogHash) {
        self.append(leaf) { _, _ in }
    }

    /// Appends a leaf and tells the height and the root of each perfect subtree that it completes, from below.
    mutating func append(_ leaf: LogHash, completing: (Int, LogHash) -> Void) {
        var hash = leaf
        for height in 0..<self.size.trailingOneBitCount {
            hash = .node(self.edge.removeLast(), hash)
            completing(height + 1, hash)
        }
        self.edge.append(hash)
        self.size += 1
    }
}

extension UInt64 {
    fileprivate var trailingOneBitCount: Int { (~self).trailingZeroBitCount }
}
