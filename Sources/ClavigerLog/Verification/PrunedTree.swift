/// Computes roots of sizes before the first entry that is left, from the tiles that a pruned log still has.
struct PrunedTree<Reader: LogReading> {
    let fetcher: LogFetcher<Reader>
    /// The root of the whole tree, which has been checked.
    let root: LogHash
    let minimumIndex: UInt64

    /// The root that the tree had at an earlier size.
    ///
    /// Proved to be the one of the beginning of this tree: tiles that were damaged must not look like a log that was
    /// rewritten.
    func root(ofSize earlierSize: UInt64) async throws -> LogHash {
        guard earlierSize > 0 else { return .emptyRoot }
        var kept = KeptTiles()
        // One tile more each time, and there are two per level at most.
        while true {
            do {
                let tree = MerkleTree(size: self.fetcher.layout.size, source: kept)
                let earlierRoot = try tree.root(ofSize: earlierSize)
                let proof = try tree.consistencyProof(from: earlierSize)
                guard proof.proves(earlierRoot, isIn: self.root) else {
                    throw LogFault.keptTilesDiffer(below: self.minimumIndex)
                }
                return earlierRoot
            } catch let needed as KeptTiles.Needed {
                kept.hashes[needed.tile] = try await self.hashes(of: needed.tile, earlierSize: earlierSize)
            }
        }
    }

    private func hashes(of tile: TileIndex, earlierSize: UInt64) async throws -> [LogHash] {
        do {
            return Array(try await self.fetcher.tile(tile).hashes.prefix(tile.width))
        } catch LogFault.missing where tile.isPrunable(below: self.minimumIndex) {
            throw LogFault.notComparable(earlierSize: earlierSize, missing: tile)
        }
    }
}

/// Tiles in memory, which say which one they lack.
private struct KeptTiles: TileSource {
    struct Needed: Error {
        let tile: TileIndex
    }

    var hashes: [TileIndex: [LogHash]] = [:]

    func tile(_ tile: TileIndex) throws -> [LogHash] {
        guard let hashes = self.hashes[tile] else { throw Needed(tile: tile) }
        return hashes
    }
}
