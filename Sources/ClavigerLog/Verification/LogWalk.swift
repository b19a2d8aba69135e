/// The tree of a log as it grows entry by entry, held against the tiles that were published.
///
/// Keeps one tile per level.
struct LogWalk {
    private(set) var head: TreeHead
    private(set) var trust: KeyTrust
    /// The root that the tree had at the size of the earlier checkpoint.
    private(set) var earlierRoot: LogHash?
    private let earlierSize: UInt64?
    /// The tile of each level that the walk is in; none for level 0.
    private var higher: [Tile?]

    /// Begins before the first entry of a bundle, with the tiles of each level that have begun before it.
    ///
    /// The hashes in them that are left of the entry stand for all that was pruned. They are not checked here: if one is
    /// wrong, so is the root.
    init(resuming first: UInt64, tiles: [Tile], trust: KeyTrust, earlierSize: UInt64?) {
        var edge: [LogHash] = []
        var higher: [Tile?] = []
        for tile in tiles.sorted(by: { $0.index.level > $1.index.level }) {
            while higher.count <= tile.index.level { higher.append(nil) }
            higher[tile.index.level] = tile
            let width = Int(first >> UInt64(8 * tile.index.level) & 0xFF)
            var start = 0
            for height in (0..<8).reversed() where width & 1 << height != 0 {
                edge.append(.root(ofPerfect: tile.hashes[start..<(start + 1 << height)]))
                start += 1 << height
            }
        }
        guard let head = TreeHead(size: first, edge: edge) else {
            preconditionFailure("one hash for each bit of the size, as the tree has a tile for each")
        }
        self.head = head
        self.higher = higher
        self.trust = trust
        self.earlierSize = earlierSize
        self.earlierRoot = earlierSize == first ? head.root : nil
    }

    /// Checks a bundle and the hashes that it adds to the tree.
    mutating func check(_ part: LogPart, onEntry: LogVerifier.EntryCheck) throws {
        for tile in part.higher {
            while self.higher.count <= tile.index.level { self.higher.append(nil) }
            self.higher[tile.index.level] = tile
        }
        var cursor = EntryCursor(part.bytes)
        for place in 0..<part.width {
            let index = self.head.size
            let entry: ArraySlice<UInt8>
            do {
                entry = try cursor.next()
            } catch {
                throw LogFault.malformedBundle(part.bundle, entry: index, error)
            }
            let hash = LogHash.leaf(entry)
            guard hash == part.leaves.hashes[place] else {
                throw LogFault.entryDiffers(
                    index: index,
                    bundle: part.bundle,
                    tile: part.leaves.index,
                    entryHash: hash,
                    tileHash: part.leaves.hashes[place]
                )
            }
            try self.append(hash)
            let rotation: KeyRotation?
            do {
                rotation = try onEntry(index, entry)
            } catch {
                throw RefusedEntry(index: index, bundle: part.bundle, reason: error)
            }
            if let rotation { self.trust.learn(rotation, at: index) }
        }
        try Self.checkEnd(of: part, &cursor, entry: self.head.size)
    }

    /// Appends a leaf, and compares the hashes of higher levels that it completes.
    private mutating func append(_ leaf: LogHash) throws(LogFault) {
        let index = self.head.size
        let higher = self.higher
        var fault: LogFault?
        self.head.append(leaf) { height, root in
            guard height.isMultiple(of: 8), fault == nil else { return }
            let level = height / 8
            let place = Int(index >> UInt64(height) & 0xFF)
            guard let tile = level < higher.count ? higher[level] : nil else {
                preconditionFailure("a tree with the hash has the tile")
            }
            if tile.hashes[place] != root {
                let first = (index >> UInt64(height)) << UInt64(height)
                fault = .hashDiffers(tile: tile.index, place: place, entries: first...index)
            }
        }
        if let fault { throw fault }
        if self.head.size == self.earlierSize { self.earlierRoot = self.head.root }
    }

    /// A bundle ends after its last entry; a full one that stands for a partial one has entries that are not asked for.
    private static func checkEnd(of part: LogPart, _ cursor: inout EntryCursor, entry: UInt64) throws(LogFault) {
        var next = entry
        do {
            for _ in part.width..<part.bundle.width {
                _ = try cursor.next()
                next += 1
            }
        } catch {
            throw .malformedBundle(part.bundle, entry: next, error)
        }
        guard cursor.isAtEnd else { throw .malformedBundle(part.bundle, entry: next - 1, .trailingBytes) }
    }
}
