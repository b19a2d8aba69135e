/// A full or partial bundle with all that begins with it: what is checked in one step.
struct LogPart: Sendable {
    /// The bundle as it was found: the full one may stand for a partial one.
    let bundle: BundleIndex
    let bytes: [UInt8]
    /// How many entries of the bundle are in the log.
    let width: Int
    /// The tile of level 0 beside the bundle.
    let leaves: Tile
    /// The tiles of higher levels whose first entry is the first one of the bundle, from below.
    let higher: [Tile]
}

/// Reads the resources of a log of one size.
struct LogFetcher<Reader: LogReading>: Sendable {
    let reader: Reader
    let layout: TileLayout

    /// A bundle and the tiles that begin with it.
    func part(_ number: UInt64) async throws -> LogPart? {
        guard let index = self.layout.tile(level: 0, holding: number << 8) else { return nil }
        async let bundle = self.bundle(BundleIndex(checkedIndex: number, width: index.width))
        async let leaves = self.tile(index)
        // In this order, so that it is always the same one of two faults that is found.
        let (found, bytes) = try await bundle
        let tile = try await leaves
        var higher: [Tile] = []
        for level in 1..<max(1, self.layout.levels) {
            guard let index = self.layout.tile(level: level, covering: number << 8), index.firstEntry == number << 8
            else { continue }
            higher.append(try await self.tile(index))
        }
        return LogPart(bundle: found, bytes: bytes, width: index.width, leaves: tile, higher: higher)
    }

    /// The hashes of a tile, or of the full one that a partial one has become.
    func tile(_ index: TileIndex) async throws -> Tile {
        if let bytes = try await self.reader.read(.tile(index)) { return try Self.tile(index, bytes) }
        // A log that has grown since may have deleted partial tiles.
        guard !index.isFull, let bytes = try await self.reader.read(.tile(index.full)) else {
            throw LogFault.missing(.tile(index))
        }
        return try Self.tile(index.full, bytes)
    }

    private func bundle(_ index: BundleIndex) async throws -> (BundleIndex, [UInt8]) {
        if let bytes = try await self.reader.read(.bundle(index)) { return (index, bytes) }
        let full = BundleIndex(checkedIndex: index.index, width: TileIndex.fullWidth)
        guard !index.isFull, let bytes = try await self.reader.read(.bundle(full)) else {
            throw LogFault.missing(.bundle(index))
        }
        return (full, bytes)
    }

    private static func tile(_ index: TileIndex, _ bytes: [UInt8]) throws(LogFault) -> Tile {
        guard let tile = Tile(index, bytes: bytes) else {
            throw .wrongLength(index, bytes: bytes.count, expected: index.width * LogHash.length)
        }
        return tile
    }
}

extension TileLayout {
    /// The tile of a level in whose range an entry is, if the tile has any hash.
    func tile(level: Int, covering entry: UInt64) -> TileIndex? {
        self.tile(level: level, holding: (entry >> UInt64(8 * (level + 1))) << 8)
    }
}
