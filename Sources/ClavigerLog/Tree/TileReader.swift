/// Computes the roots of subtrees from tiles, and reads each tile at most once.
struct TileReader<Source: TileSource> {
    let layout: TileLayout
    private let source: Source
    /// Two tiles per level at most: proofs go along one path and the right edge.
    private var read: [TileIndex: [LogHash]] = [:]

    init(size: UInt64, source: Source) {
        self.layout = TileLayout(size: size)
        self.source = source
    }

    /// The root of the tree over the leaves of the range, which must begin at a multiple of a power of two that is not
    /// smaller than its length, as all subtrees of RFC 6962 do.
    mutating func root(of leaves: Range<UInt64>) throws -> LogHash {
        guard !leaves.isEmpty else { return .emptyRoot }
        // Perfect subtrees, each smaller than the one before it; joined from the right.
        var subtrees: [LogHash] = []
        var start = leaves.lowerBound
        while start < leaves.upperBound {
            let height = 63 - (leaves.upperBound - start).leadingZeroBitCount
            subtrees.append(try self.root(ofPerfectTree: start >> UInt64(height), height: height))
            start += 1 << UInt64(height)
        }
        var root = subtrees.removeLast()
        while let left = subtrees.popLast() { root = .node(left, root) }
        return root
    }

    /// The root of the n-th subtree with 2^height leaves, which lies within one tile.
    private mutating func root(ofPerfectTree place: UInt64, height: Int) throws -> LogHash {
        let first = place << UInt64(height % 8)
        guard let tile = self.layout.tile(level: height / 8, holding: first) else { throw MerkleTreeError.outOfRange }
        let hashes = try self.hashes(of: tile)
        let start = Int(first % 256)
        return .root(ofPerfect: hashes[start..<(start + 1 << (height % 8))])
    }

    private mutating func hashes(of tile: TileIndex) throws -> [LogHash] {
        if let hashes = self.read[tile] { return hashes }
        let hashes = try self.source.tile(tile)
        guard hashes.count == tile.width else { throw MerkleTreeError.wrongTile(tile) }
        self.read[tile] = hashes
        return hashes
    }
}
