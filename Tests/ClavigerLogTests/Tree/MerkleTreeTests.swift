import Testing

@testable import ClavigerLog

@Suite("The Merkle tree")
struct MerkleTreeTests {
    private static func leaves(_ count: Int) -> [LogHash] {
        (0..<count).map { LogHash.leaf(Array("leaf \($0)".utf8)) }
    }

    @Test("the roots of the known leaves", arguments: 0...8)
    func knownRoots(size: Int) throws {
        var head = TreeHead()
        for leaf in KnownTree.leaves.prefix(size) { head.append(leaf) }
        #expect(Hex.text(head.root.bytes) == KnownTree.roots[size])
        #expect(head.size == UInt64(size))
        let tree = MerkleTree(size: UInt64(size), source: MemoryTiles.of(KnownTree.leaves.prefix(size)))
        #expect(Hex.text(try tree.root().bytes) == KnownTree.roots[size])
        for older in 0...size {
            #expect(Hex.text(try tree.root(ofSize: UInt64(older)).bytes) == KnownTree.roots[older])
        }
        #expect(throws: MerkleTreeError.outOfRange) { try tree.root(ofSize: UInt64(size) + 1) }
    }

    @Test("the known proofs")
    func knownProofs() throws {
        for known in KnownTree.inclusion {
            let tree = MerkleTree(size: UInt64(known.size), source: MemoryTiles.of(KnownTree.leaves.prefix(known.size)))
            let proof = try tree.inclusionProof(of: UInt64(known.place))
            #expect(proof.hashes.map { Hex.text($0.bytes) } == known.hashes)
            #expect(proof.proves(KnownTree.leaves[known.place], in: try Hex.hash(KnownTree.roots[known.size])))
        }
        for known in KnownTree.consistency {
            let tree = MerkleTree(size: UInt64(known.size), source: MemoryTiles.of(KnownTree.leaves.prefix(known.size)))
            let proof = try tree.consistencyProof(from: UInt64(known.place))
            #expect(proof.hashes.map { Hex.text($0.bytes) } == known.hashes)
            let older = try Hex.hash(KnownTree.roots[known.place])
            #expect(proof.proves(older, isIn: try Hex.hash(KnownTree.roots[known.size])))
        }
    }

    @Test("every proof of every small tree is the one of RFC 6962")
    func small() throws {
        let leaves = Self.leaves(33)
        for size in 1...33 {
            let tree = MerkleTree(size: UInt64(size), source: MemoryTiles.of(leaves[..<size]))
            let root = PlainTree.root(leaves[..<size])
            #expect(try tree.root() == root)
            for index in 0..<size {
                let proof = try tree.inclusionProof(of: UInt64(index))
                #expect(proof.hashes == PlainTree.path(index, leaves[..<size]))
                #expect(proof.proves(leaves[index], in: root))
                for other in 0..<size where other != index {
                    let moved = InclusionProof(index: UInt64(other), size: UInt64(size), hashes: proof.hashes)
                    #expect(!moved.proves(leaves[index], in: root), "\(index) as \(other) of \(size)")
                }
            }
            for older in 1...size {
                let proof = try tree.consistencyProof(from: UInt64(older))
                #expect(proof.hashes == PlainTree.consistency(older, leaves[..<size]))
                #expect(proof.proves(PlainTree.root(leaves[..<older]), isIn: root))
            }
        }
    }

    @Test("trees of up to 70,000 leaves, built leaf by leaf", arguments: [0x6962 as UInt64])
    func large(seed: UInt64) throws {
        var random = SeededWords(seed: seed)
        var sizes: Set<Int> = [255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 65_792, 70_000]
        for _ in 0..<6 { sizes.insert(.random(in: 1...70_000, using: &random)) }
        let leaves = Self.leaves(70_000)
        let source = MemoryTiles()
        var builder = TreeBuilder()
        var olderRoots: [(UInt64, LogHash)] = []
        for size in sizes.sorted() {
            source.store(builder.append(contentsOf: leaves[Int(builder.size)..<size]))
            source.store(builder.partialTiles)
            let root = builder.root
            #expect(root == PlainTree.root(leaves[..<size]))
            let tree = MerkleTree(size: UInt64(size), source: source)
            #expect(try tree.root() == root)
            // All that the layout promises is there, and a builder that begins here goes on in the same way.
            for tile in TileLayout(size: UInt64(size)).tiles { #expect(source.tiles[tile]?.count == tile.width) }
            #expect(try TreeBuilder(resuming: UInt64(size), from: source) == builder)
            for _ in 0..<8 {
                let index = Int.random(in: 0..<size, using: &random)
                source.reads = []
                let proof = try tree.inclusionProof(of: UInt64(index))
                #expect(source.reads.count <= 2 * TileLayout(size: UInt64(size)).levels)
                #expect(Set(source.reads).count == source.reads.count)
                try Self.check(proof, of: leaves[index], in: root, &random)
            }
            olderRoots.append((UInt64(size), root))
            for (older, olderRoot) in olderRoots {
                source.reads = []
                let proof = try tree.consistencyProof(from: older)
                #expect(source.reads.count <= 2 * TileLayout(size: UInt64(size)).levels)
                try Self.check(proof, of: olderRoot, in: root, &random)
                #expect(try tree.root(ofSize: older) == olderRoot)
            }
        }
    }

    private static func check(
        _ proof: InclusionProof,
        of leaf: LogHash,
        in root: LogHash,
        _ random: inout SeededWords
    ) throws {
        #expect(proof.proves(leaf, in: root))
        #expect(!proof.proves(leaf.flipped(.random(in: 0..<256, using: &random)), in: root))
        #expect(!proof.proves(leaf, in: root.flipped(.random(in: 0..<256, using: &random))))
        for place in proof.hashes.indices {
            var changed = proof
            changed.hashes[place] = proof.hashes[place].flipped(.random(in: 0..<256, using: &random))
            #expect(!changed.proves(leaf, in: root))
            changed = proof
            changed.hashes.remove(at: place)
            #expect(!changed.proves(leaf, in: root))
            changed = proof
            changed.hashes.insert(proof.hashes[place], at: place)
            #expect(!changed.proves(leaf, in: root))
        }
        for _ in 0..<3 {
            var moved = proof
            moved.index = .random(in: 0..<proof.size, using: &random)
            #expect(moved.index == proof.index || !moved.proves(leaf, in: root))
        }
        for index in [proof.index &+ 1, proof.index &- 1, proof.size, .max] where index != proof.index {
            #expect(!InclusionProof(index: index, size: proof.size, hashes: proof.hashes).proves(leaf, in: root))
        }
    }

    private static func check(
        _ proof: ConsistencyProof,
        of older: LogHash,
        in root: LogHash,
        _ random: inout SeededWords
    ) throws {
        #expect(proof.proves(older, isIn: root))
        #expect(!proof.proves(older.flipped(.random(in: 0..<256, using: &random)), isIn: root))
        #expect(!proof.proves(older, isIn: root.flipped(.random(in: 0..<256, using: &random))))
        #expect(proof.olderSize == proof.size || !proof.proves(root, isIn: older))
        for place in proof.hashes.indices {
            var changed = proof
            changed.hashes[place] = proof.hashes[place].flipped(.random(in: 0..<256, using: &random))
            #expect(!changed.proves(older, isIn: root))
            changed = proof
            changed.hashes.remove(at: place)
            #expect(!changed.proves(older, isIn: root))
            changed = proof
            changed.hashes.insert(proof.hashes[place], at: place)
            #expect(!changed.proves(older, isIn: root))
        }
        var longer = proof
        longer.hashes.append(root)
        #expect(!longer.proves(older, isIn: root))
        let reversed = ConsistencyProof(olderSize: proof.size, size: proof.olderSize, hashes: proof.hashes)
        #expect(proof.olderSize == proof.size || !reversed.proves(root, isIn: older))
        let fromNothing = ConsistencyProof(olderSize: 0, size: proof.size, hashes: proof.hashes)
        #expect(!fromNothing.proves(.emptyRoot, isIn: root))
    }

    @Test("a tile that is missing or has another width is an error, and a changed one gives no valid proof")
    func badTiles() throws {
        let leaves = Self.leaves(600)
        let source = MemoryTiles.of(leaves)
        let tree = MerkleTree(size: 600, source: source)
        let root = try tree.root()
        let tile = try TileIndex(parsing: "tile/0/001")
        let hashes = try source.tile(tile)
        source.replace(tile, by: hashes.dropLast())
        #expect(throws: MerkleTreeError.wrongTile(tile)) { try tree.inclusionProof(of: 300) }
        source.replace(tile, by: hashes + [root])
        #expect(throws: MerkleTreeError.wrongTile(tile)) { try tree.inclusionProof(of: 300) }
        source.replace(tile, by: nil)
        #expect(throws: MemoryTiles.NotThere.self) { try tree.inclusionProof(of: 300) }
        // What does not need it goes on: this is what pruning rests on.
        #expect(try tree.inclusionProof(of: 20).proves(leaves[20], in: root))
        #expect(try tree.inclusionProof(of: 599).proves(leaves[599], in: root))
        #expect(try tree.root() == root)
        var changed = hashes
        changed[10] = changed[10].flipped(0)
        source.replace(tile, by: changed)
        #expect(try !tree.inclusionProof(of: 300).proves(leaves[300], in: root))
        let end = try TileIndex(parsing: "tile/0/002.p/88")
        source.replace(end, by: Array(try source.tile(end).dropLast()))
        #expect(throws: MerkleTreeError.wrongTile(end)) { try TreeBuilder(resuming: 600, from: source) }
    }

    @Test("a pruned log still proves all that is newer")
    func pruned() throws {
        let leaves = Self.leaves(70_000)
        let source = MemoryTiles.of(leaves)
        let minimum: UInt64 = 66_100
        for tile in source.tiles.keys where tile.isPrunable(below: minimum) { source.replace(tile, by: nil) }
        #expect(source.tiles.keys.filter { $0.level == 0 }.count == 274 - 258)
        #expect(source.tiles.keys.filter { $0.level == 1 }.count == 1)
        let tree = MerkleTree(size: 70_000, source: source)
        let root = try tree.root()
        #expect(root == PlainTree.root(leaves[...]))
        for index in [66_100, 66_101, 69_000, 69_999] as [UInt64] {
            #expect(try tree.inclusionProof(of: index).proves(leaves[Int(index)], in: root))
        }
        for older in [66_100, 66_559, 69_999, 70_000] as [UInt64] {
            let proof = try tree.consistencyProof(from: older)
            #expect(proof.proves(try tree.root(ofSize: older), isIn: root))
        }
        #expect(throws: MemoryTiles.NotThere.self) { try tree.inclusionProof(of: 1000) }
    }

    @Test("places that the tree does not have")
    func outOfRange() {
        let tree = MerkleTree(size: 8, source: MemoryTiles.of(KnownTree.leaves))
        for index in [8, 9, .max] as [UInt64] {
            #expect(throws: MerkleTreeError.outOfRange) { try tree.inclusionProof(of: index) }
        }
        for older in [0, 9, .max] as [UInt64] {
            #expect(throws: MerkleTreeError.outOfRange) { try tree.consistencyProof(from: older) }
        }
        let empty = MerkleTree(size: 0, source: MemoryTiles())
        #expect(throws: MerkleTreeError.outOfRange) { try empty.inclusionProof(of: 0) }
        #expect(throws: MerkleTreeError.outOfRange) { try empty.consistencyProof(from: 0) }
    }

    @Test("a tree is taken up only with an edge of its size")
    func edges() throws {
        var head = TreeHead()
        for leaf in KnownTree.leaves.prefix(7) { head.append(leaf) }
        #expect(head.edge.count == 3)
        var again = try #require(TreeHead(size: 7, edge: head.edge))
        again.append(KnownTree.leaves[7])
        #expect(Hex.text(again.root.bytes) == KnownTree.roots[8])
        #expect(TreeHead(size: 8, edge: head.edge) == nil)
        #expect(TreeHead(size: 7, edge: head.edge.dropLast()) == nil)
        #expect(TreeHead(size: 0, edge: []) == TreeHead())
    }

    @Test("a builder gives each full tile once, when it is full")
    func fullTiles() throws {
        var builder = TreeBuilder()
        var given: [TileIndex] = []
        for leaf in Self.leaves(66_000) {
            let tiles = builder.append(leaf).map(\.index)
            for tile in tiles { #expect(builder.size == (tile.index + 1) << UInt64(8 * (tile.level + 1))) }
            given += tiles
        }
        #expect(Set(given) == Set(TileLayout(size: 66_000).tiles.filter(\.isFull)))
        #expect(given.count == Set(given).count)
        #expect(builder.partialTiles.map(\.index) == TileLayout(size: 66_000).tiles.filter { !$0.isFull })
        #expect(TreeBuilder().partialTiles.isEmpty)
        #expect(TreeBuilder().root == .emptyRoot)
    }
}
