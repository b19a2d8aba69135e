/// Where the tiles of a log are read from.
public protocol TileSource {
    /// The hashes of a tile, exactly as many as its width says.
    ///
    /// A source that no longer has a partial tile may take it from the full one.
    func tile(_ tile: TileIndex) throws -> [LogHash]
}
