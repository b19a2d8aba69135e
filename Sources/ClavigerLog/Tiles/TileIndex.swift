/// Which tile: the level, the place within the level and how many hashes it has.
///
/// c2sp.org/tlog-tiles: the hashes of level 0 are those of the leaves, each hash of a higher level is the root of a full
/// tile below it.
public struct TileIndex: Hashable, Sendable {
    /// The hashes of a full tile.
    public static let fullWidth = 256
    /// The highest level that has a path.
    public static let highestLevel = 63

    /// 0 for tiles of leaf hashes.
    public let level: Int
    /// Counts from 0 within the level.
    public let index: UInt64
    /// The number of hashes: 256 for a full tile, 1 to 255 for a partial one.
    public let width: Int

    /// Makes the index of a tile; nil for a level or a width that there is not.
    public init?(level: Int, index: UInt64, width: Int = Self.fullWidth) {
        guard (0...Self.highestLevel).contains(level), (1...Self.fullWidth).contains(width) else { return nil }
        self.init(checkedLevel: level, index: index, width: width)
    }

    init(checkedLevel level: Int, index: UInt64, width: Int) {
        self.level = level
        self.index = index
        self.width = width
    }

    /// Reads `tile/<L>/<N>[.p/<W>]`, in exactly the form of ``path``.
    public init(parsing path: String) throws(TilePathError) {
        guard case .tile(let tile) = try LogResource(parsing: path) else { throw .malformed }
        self = tile
    }

    /// `tile/<L>/<N>[.p/<W>]`, without a slash in front.
    public var path: String {
        "tile/\(self.level)/" + TilePath.text(index: self.index, width: self.width)
    }

    /// Whether the tile will never change any more.
    public var isFull: Bool { self.width == Self.fullWidth }

    /// The tile at the same place with all its 256 hashes.
    public var full: TileIndex {
        TileIndex(checkedLevel: self.level, index: self.index, width: Self.fullWidth)
    }

    /// Whether a log that keeps nothing below this leaf may do without the tile.
    ///
    /// Only for full tiles that end there or before: roots and proofs of all sizes from there on do without them.
    public func isPrunable(below minimumIndex: UInt64) -> Bool {
        let shift = UInt64(8 * (self.level + 1))
        guard self.isFull, shift < 64 else { return false }
        return self.index < minimumIndex >> shift
    }
}

extension TileIndex: CustomStringConvertible {
    /// The same as ``path``.
    public var description: String { self.path }
}
