/// Which entry bundle: its place and how many entries it has (c2sp.org/tlog-tiles).
public struct BundleIndex: Hashable, Sendable {
    /// Counts from 0; the bundle has the entries of the tile of level 0 at the same place.
    public let index: UInt64
    /// The number of entries: 256 for a full bundle, 1 to 255 for a partial one.
    public let width: Int

    /// Makes the index of a bundle; nil for a width that there is not.
    public init?(index: UInt64, width: Int = TileIndex.fullWidth) {
        guard (1...TileIndex.fullWidth).contains(width) else { return nil }
        self.init(checkedIndex: index, width: width)
    }

    init(checkedIndex index: UInt64, width: Int) {
        self.index = index
        self.width = width
    }

    /// Reads `tile/entries/<N>[.p/<W>]`, in exactly the form of ``path``.
    public init(parsing path: String) throws(TilePathError) {
        guard case .bundle(let bundle) = try LogResource(parsing: path) else { throw .malformed }
        self = bundle
    }

    /// `tile/entries/<N>[.p/<W>]`, without a slash in front.
    public var path: String {
        "tile/entries/" + TilePath.text(index: self.index, width: self.width)
    }

    /// The tile of the hashes of these entries.
    public var tile: TileIndex {
        TileIndex(checkedLevel: 0, index: self.index, width: self.width)
    }

    /// Whether the bundle will never change any more.
    public var isFull: Bool { self.width == TileIndex.fullWidth }

    /// Whether a log that keeps nothing below this leaf may do without the bundle.
    public func isPrunable(below minimumIndex: UInt64) -> Bool {
        self.tile.isPrunable(below: minimumIndex)
    }
}

extension BundleIndex: CustomStringConvertible {
    /// The same as ``path``.
    public var description: String { self.path }
}
