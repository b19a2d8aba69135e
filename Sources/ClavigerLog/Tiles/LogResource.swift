/// What a log serves: the signed checkpoint, tiles of hashes, bundles of entries (c2sp.org/tlog-tiles).
public enum LogResource: Hashable, Sendable {
    /// The newest signed checkpoint. The only resource that changes.
    case checkpoint
    /// A tile of hashes.
    case tile(TileIndex)
    /// A bundle of entries.
    case bundle(BundleIndex)

    /// Reads a path below the prefix of the log, without a slash in front, in exactly the form of ``path``.
    public init(parsing path: String) throws(TilePathError) {
        if path.utf8.elementsEqual("checkpoint".utf8) {
            self = .checkpoint
            return
        }
        let elements = path[...].utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard elements.count >= 3, elements[0].elementsEqual("tile".utf8),
            let (index, width) = TilePath.parse(elements[2...].map { $0 }[...])
        else { throw .malformed }
        if elements[1].elementsEqual("entries".utf8) {
            self = .bundle(BundleIndex(checkedIndex: index, width: width))
        } else {
            guard let level = Decimal.number(elements[1]), level <= UInt64(TileIndex.highestLevel) else {
                throw .malformed
            }
            self = .tile(TileIndex(checkedLevel: Int(level), index: index, width: width))
        }
    }

    /// The path below the prefix of the log.
    public var path: String {
        switch self {
        case .checkpoint: "checkpoint"
        case .tile(let tile): tile.path
        case .bundle(let bundle): bundle.path
        }
    }
}
