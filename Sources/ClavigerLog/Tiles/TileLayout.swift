/// Which tiles and bundles a log of one size has (c2sp.org/tlog-tiles).
public struct TileLayout: Hashable, Sendable {
    // 256^8 leaves are 2^64, more than a size can say.
    private static let levelsAtMost = 8

    /// The number of leaves.
    public let size: UInt64

    /// Lays out a log of this size.
    public init(size: UInt64) {
        self.size = size
    }

    /// How many levels have tiles.
    public var levels: Int {
        (64 - self.size.leadingZeroBitCount + 7) / 8
    }

    /// How many hashes a level has.
    public func hashes(level: Int) -> UInt64 {
        (0..<Self.levelsAtMost).contains(level) ? self.size >> UInt64(8 * level) : 0
    }

    /// The partial tile at the end of a level, if its last tile is not full.
    public func partialTile(level: Int) -> TileIndex? {
        let hashes = self.hashes(level: level)
        return hashes % 256 == 0
            ? nil : TileIndex(checkedLevel: level, index: hashes / 256, width: Int(hashes % 256))
    }

    /// The tile of this size that has a hash, given the place of the hash within its level.
    public func tile(level: Int, holding place: UInt64) -> TileIndex? {
        let hashes = self.hashes(level: level)
        guard place < hashes else { return nil }
        let index = place / 256
        return TileIndex(checkedLevel: level, index: index, width: Int(min(256, hashes - index * 256)))
    }

    /// Whether every hash of the tile is one of this tree.
    ///
    /// True also for partial tiles of smaller sizes, which a log may have kept.
    public func covers(_ tile: TileIndex) -> Bool {
        let hashes = self.hashes(level: tile.level)
        // In this order, as the end of a tile with an index from outside may not fit 64 bits.
        return tile.index <= hashes / 256 && UInt64(tile.width) <= hashes - tile.index * 256
    }

    /// Whether every entry of the bundle is one of this log.
    public func covers(_ bundle: BundleIndex) -> Bool {
        self.covers(bundle.tile)
    }

    /// All tiles, full and partial: level by level, from the left.
    public var tiles: NewTiles { self.tiles(since: 0) }

    /// All bundles, full and partial.
    public var bundles: some Sequence<BundleIndex> { self.bundles(since: 0) }

    /// The tiles that a log of the older size did not have: those that are longer than they were, and new ones.
    public func tiles(since olderSize: UInt64) -> NewTiles {
        NewTiles(from: olderSize, to: self.size, levels: self.levels)
    }

    /// The bundles that a log of the older size did not have.
    public func bundles(since olderSize: UInt64) -> some Sequence<BundleIndex> {
        NewTiles(from: olderSize, to: self.size, levels: min(1, self.levels)).lazy
            .map { BundleIndex(checkedIndex: $0.index, width: $0.width) }
    }
}

/// The tiles that a log has at one size and had not at a smaller one: level by level, from the left.
public struct NewTiles: Sequence, IteratorProtocol, Sendable {
    private let olderSize: UInt64
    private let size: UInt64
    private let levels: Int
    private var level = 0
    private var index: UInt64

    init(from olderSize: UInt64, to size: UInt64, levels: Int) {
        self.olderSize = olderSize
        self.size = size
        self.levels = levels
        self.index = olderSize / 256
    }

    /// The next tile.
    public mutating func next() -> TileIndex? {
        while self.level < self.levels {
            let hashes = self.size >> UInt64(8 * self.level)
            let older = self.olderSize >> UInt64(8 * self.level)
            if older < hashes, self.index <= (hashes - 1) / 256 {
                defer { self.index += 1 }
                let width = Int(Swift.min(256, hashes - self.index * 256))
                return TileIndex(checkedLevel: self.level, index: self.index, width: width)
            }
            self.level += 1
            self.index = older / 256 / 256
        }
        return nil
    }
}
