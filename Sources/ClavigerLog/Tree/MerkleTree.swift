/// Why roots or proofs of a tree cannot be computed.
public enum MerkleTreeError: Error, Hashable, Sendable {
    /// The leaf or the older size is not one of this tree.
    case outOfRange
    /// The source gave another number of hashes than the tile has.
    case wrongTile(TileIndex)
}

/// The Merkle tree of a log of one size (RFC 6962, section 2.1), computed from its tiles.
///
/// Reads at most two tiles per level and hashes each at most once over. What it computes is as true as the tiles are: check
/// proofs against a signed root.
public struct MerkleTree<Source: TileSource> {
    /// The number of leaves.
    public let size: UInt64

    private let source: Source

    /// Takes the tiles of a log of this size, or of a larger one.
    public init(size: UInt64, source: Source) {
        self.size = size
        self.source = source
    }

    /// The root.
    public func root() throws -> LogHash {
        try self.root(ofSize: self.size)
    }

    /// The root that the tree had at this size or an earlier one.
    public func root(ofSize size: UInt64) throws -> LogHash {
        guard size <= self.size else { throw MerkleTreeError.outOfRange }
        var reader = TileReader(size: self.size, source: self.source)
        return try reader.root(of: 0..<size)
    }

    /// The proof that a leaf is in the tree (RFC 6962, section 2.1.1).
    public func inclusionProof(of index: UInt64) throws -> InclusionProof {
        guard index < self.size else { throw MerkleTreeError.outOfRange }
        var reader = TileReader(size: self.size, source: self.source)
        var siblings: [LogHash] = []
        var subtree = 0..<self.size
        while subtree.lowerBound + 1 < subtree.upperBound {
            let middle = Self.middle(subtree)
            if index < middle {
                siblings.append(try reader.root(of: middle..<subtree.upperBound))
                subtree = subtree.lowerBound..<middle
            } else {
                siblings.append(try reader.root(of: subtree.lowerBound..<middle))
                subtree = middle..<subtree.upperBound
            }
        }
        return InclusionProof(index: index, size: self.size, hashes: siblings.reversed())
    }

    /// The proof that the tree of an older size is the beginning of this one (RFC 6962, section 2.1.2).
    ///
    /// - Parameter olderSize: At least 1: nothing is to be proved of the empty tree.
    public func consistencyProof(from olderSize: UInt64) throws -> ConsistencyProof {
        guard olderSize > 0, olderSize <= self.size else { throw MerkleTreeError.outOfRange }
        var reader = TileReader(size: self.size, source: self.source)
        var hashes: [LogHash] = []
        var subtree = 0..<self.size
        while olderSize < subtree.upperBound {
            let middle = Self.middle(subtree)
            if olderSize <= middle {
                hashes.append(try reader.root(of: middle..<subtree.upperBound))
                subtree = subtree.lowerBound..<middle
            } else {
                hashes.append(try reader.root(of: subtree.lowerBound..<middle))
                subtree = middle..<subtree.upperBound
            }
        }
        // The verifier knows the older root itself, but not that of a part of the older tree.
        if subtree.lowerBound > 0 { hashes.append(try reader.root(of: subtree)) }
        return ConsistencyProof(olderSize: olderSize, size: self.size, hashes: hashes.reversed())
    }

    /// Where RFC 6962 splits a subtree of two or more leaves: after the largest power of two that is smaller than it.
    private static func middle(_ subtree: Range<UInt64>) -> UInt64 {
        let count = subtree.upperBound - subtree.lowerBound
        return subtree.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}
