/// Why bytes are not an entry bundle, or entries do not make one.
public enum EntryBundleError: Error, Hashable, Sendable {
    /// A bundle has 1 to 256 entries.
    case wrongCount
    /// An entry has more than 65,535 bytes.
    case entryTooLong
    /// The bytes end within an entry.
    case truncated
    /// There are bytes after the last entry.
    case trailingBytes
}

/// Entries of the log as they are stored and served: each with its length in front, a big-endian number of 16 bits.
///
/// c2sp.org/tlog-tiles.
public struct EntryBundle: Hashable, Sendable {
    /// The most bytes that an entry can have.
    public static let longestEntry = 65_535

    /// The entries, which share the storage of the bundle.
    public let entries: [ArraySlice<UInt8>]
    /// The whole bundle.
    public let bytes: [UInt8]

    /// Makes a bundle of 1 to 256 entries.
    public init(_ entries: [some Collection<UInt8>]) throws(EntryBundleError) {
        guard (1...TileIndex.fullWidth).contains(entries.count) else { throw .wrongCount }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(0) { $0 + 2 + $1.count })
        for entry in entries {
            guard entry.count <= Self.longestEntry else { throw .entryTooLong }
            bytes.append(UInt8(entry.count >> 8))
            bytes.append(UInt8(entry.count & 0xFF))
            bytes.append(contentsOf: entry)
        }
        try self.init(parsing: bytes, count: entries.count)
    }

    /// Reads a bundle that must have exactly this many entries and nothing else.
    public init(parsing bytes: [UInt8], count: Int) throws(EntryBundleError) {
        guard (1...TileIndex.fullWidth).contains(count) else { throw .wrongCount }
        var entries: [ArraySlice<UInt8>] = []
        entries.reserveCapacity(count)
        var cursor = EntryCursor(bytes)
        for _ in 0..<count { entries.append(try cursor.next()) }
        guard cursor.isAtEnd else { throw .trailingBytes }
        self.entries = entries
        self.bytes = bytes
    }

    /// The hashes of the entries: those of the tile of level 0 at the same place.
    public var leafHashes: [LogHash] {
        self.entries.map { LogHash.leaf($0) }
    }
}
