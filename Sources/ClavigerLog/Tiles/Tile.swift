/// A tile with its hashes.
public struct Tile: Hashable, Sendable {
    /// Which tile.
    public let index: TileIndex
    /// The hashes, as many as the width says.
    public let hashes: [LogHash]

    init(_ index: TileIndex, hashes: [LogHash]) {
        self.index = index
        self.hashes = hashes
    }

    /// Reads the bytes of a tile; nil unless there are 32 for each hash and no more.
    public init?(_ index: TileIndex, bytes: some Collection<UInt8>) {
        guard bytes.count == index.width * LogHash.length else { return nil }
        let hashes = [LogHash](unsafeUninitializedCapacity: index.width) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
            count = index.width
        }
        self.init(index, hashes: hashes)
    }

    /// The hash of the subtree over a full tile, which is a hash of the level above; nil for a partial one.
    public var root: LogHash? {
        self.index.isFull ? .root(ofPerfect: self.hashes[...]) : nil
    }

    /// The hashes one after the other, as they are stored and served.
    public var bytes: [UInt8] {
        self.hashes.withUnsafeBytes { Array($0) }
    }
}
