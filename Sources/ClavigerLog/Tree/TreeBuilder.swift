/// Makes the tiles of a growing log, for who writes a log and for who checks all of it.
///
/// Keeps the right edge only: at most 255 hashes per level.
public struct TreeBuilder: Hashable, Sendable {
    private var head: TreeHead
    /// The hashes of the partial tile of each level.
    private var partial: [[LogHash]]

    /// Begins with the empty tree.
    public init() {
        self.head = TreeHead()
        self.partial = []
    }

    /// Takes up a log where it was left, from its partial tiles: at most one per level is read.
    ///
    /// Compare ``root`` with the one that was signed.
    public init(resuming size: UInt64, from source: some TileSource) throws {
        let layout = TileLayout(size: size)
        var edge: [LogHash] = []
        var partial: [[LogHash]] = []
        for level in (0..<layout.levels).reversed() {
            guard let tile = layout.partialTile(level: level) else {
                partial.append([])
                continue
            }
            let hashes = try source.tile(tile)
            guard hashes.count == tile.width else { throw MerkleTreeError.wrongTile(tile) }
            var start = 0
            for height in (0..<8).reversed() where tile.width & 1 << height != 0 {
                edge.append(.root(ofPerfect: hashes[start..<(start + 1 << height)]))
                start += 1 << height
            }
            partial.append(hashes)
        }
        guard let head = TreeHead(size: size, edge: edge) else {
            preconditionFailure("one hash for each bit of the size")
        }
        self.head = head
        self.partial = partial.reversed()
    }

    /// The number of leaves.
    public var size: UInt64 { self.head.size }

    /// The root of the tree.
    public var root: LogHash { self.head.root }

    /// Appends a leaf.
    ///
    /// - Returns: The tiles that it fills, from below: none for most leaves.
    public mutating func append(_ leaf: LogHash) -> [Tile] {
        var full: [Tile] = []
        let size = self.head.size
        // Moved out, not copied: the closure must not reach into what is being changed.
        var partial: [[LogHash]] = []
        swap(&partial, &self.partial)
        Self.add(leaf, level: 0, size: size, to: &partial, full: &full)
        self.head.append(leaf) { height, root in
            // The root of a full tile is a hash of the level above.
            if height.isMultiple(of: 8) {
                Self.add(root, level: height / 8, size: size, to: &partial, full: &full)
            }
        }
        swap(&partial, &self.partial)
        return full
    }

    /// Appends leaves.
    ///
    /// - Returns: The tiles that they fill. All are kept until the end, so give many leaves in parts.
    public mutating func append(contentsOf leaves: some Sequence<LogHash>) -> [Tile] {
        var full: [Tile] = []
        for leaf in leaves { full.append(contentsOf: self.append(leaf)) }
        return full
    }

    /// The partial tiles of this size, from below.
    public var partialTiles: [Tile] {
        let layout = TileLayout(size: self.size)
        return self.partial.indices.compactMap { level in
            layout.partialTile(level: level).map { Tile($0, hashes: self.partial[level]) }
        }
    }

    /// Adds a hash to a level; `size` is the number of leaves before the one that is being appended.
    private static func add(
        _ hash: LogHash,
        level: Int,
        size: UInt64,
        to partial: inout [[LogHash]],
        full: inout [Tile]
    ) {
        if level == partial.count { partial.append([]) }
        if partial[level].isEmpty { partial[level].reserveCapacity(TileIndex.fullWidth) }
        partial[level].append(hash)
        guard partial[level].count == TileIndex.fullWidth else { return }
        let index = TileIndex(
            checkedLevel: level,
            index: size >> UInt64(8 * level) / 256,
            width: TileIndex.fullWidth
        )
        full.append(Tile(index, hashes: partial[level]))
        partial[level] = []
    }
}
