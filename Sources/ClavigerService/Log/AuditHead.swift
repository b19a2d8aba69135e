import ClavigerLog

/// A head that was signed, with those hashes of its tree that are not in full tiles.
struct AuditHead: Sendable {
    let checkpoint: Checkpoint
    var note: SignedNote
    /// By level.
    let partialTiles: [Int: Tile]

    init(_ checkpoint: Checkpoint, _ note: SignedNote, _ builder: TreeBuilder) {
        self.checkpoint = checkpoint
        self.note = note
        self.partialTiles = Dictionary(uniqueKeysWithValues: builder.partialTiles.map { ($0.index.level, $0) })
    }

    var layout: TileLayout { TileLayout(size: self.checkpoint.size) }
}

/// Reads the tiles of a signed head: the full ones from the store, the others from memory.
struct AuditTileSource: TileSource {
    let head: AuditHead
    let tx: any AuditReading

    func tile(_ tile: TileIndex) throws -> [LogHash] {
        if let partial = self.head.partialTiles[tile.level], partial.index.index == tile.index,
            partial.hashes.count >= tile.width
        {
            return Array(partial.hashes.prefix(tile.width))
        }
        guard let full = try self.tx.tile(level: tile.level, index: tile.index) else {
            throw MerkleTreeError.wrongTile(tile)
        }
        return Array(full.hashes.prefix(tile.width))
    }
}

/// Reads the tiles that a tree of some size has, made of the leaves and full tiles in the store.
struct StoredTileSource: TileSource {
    let tx: any AuditReading

    func tile(_ tile: TileIndex) throws -> [LogHash] {
        if let full = try self.tx.tile(level: tile.level, index: tile.index) {
            return Array(full.hashes.prefix(tile.width))
        }
        let first = tile.index * UInt64(TileIndex.fullWidth)
        guard tile.level > 0 else {
            guard let first = Int(exactly: first) else { throw MerkleTreeError.wrongTile(tile) }
            return try self.tx.leaves(from: first, limit: tile.width).map { LogHash.leaf($0) }
        }
        // Each is the root of a full tile of the level below.
        return try (0..<UInt64(tile.width)).map { offset in
            guard let root = try self.tx.tile(level: tile.level - 1, index: first + offset)?.root else {
                throw MerkleTreeError.wrongTile(tile)
            }
            return root
        }
    }
}
