import Testing

@testable import ClavigerLog

@Suite("Which tiles a log has")
struct TileLayoutTests {
    /// By the definition in c2sp.org/tlog-tiles: floor(s / 256^l) hashes at each level.
    private static func plain(_ size: UInt64) -> Set<TileIndex> {
        var tiles: Set<TileIndex> = []
        var hashes = size
        var level = 0
        while hashes > 0 {
            for index in 0..<(hashes / 256) { tiles.insert(TileIndex(checkedLevel: level, index: index, width: 256)) }
            if hashes % 256 > 0 {
                tiles.insert(TileIndex(checkedLevel: level, index: hashes / 256, width: Int(hashes % 256)))
            }
            hashes /= 256
            level += 1
        }
        return tiles
    }

    @Test("70,000 and 256 leaves, the examples of c2sp.org/tlog-tiles")
    func examples() {
        let tiles = Array(TileLayout(size: 70_000).tiles)
        #expect(tiles.count == 273 + 1 + 1 + 1 + 1)
        #expect(tiles.filter { $0.level == 0 && $0.isFull }.count == 273)
        #expect(tiles.filter { $0.level == 1 && $0.isFull }.count == 1)
        #expect(
            tiles.filter { !$0.isFull }.map(\.path) == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
        )
        #expect(TileLayout(size: 256).tiles.map(\.path) == ["tile/0/000", "tile/1/000.p/1"])
        #expect(TileLayout(size: 257).tiles.map(\.path) == ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"])
        #expect(Array(TileLayout(size: 0).tiles).isEmpty)
        #expect(Array(TileLayout(size: 0).bundles).isEmpty)
        #expect(TileLayout(size: 257).bundles.map(\.path) == ["tile/entries/000", "tile/entries/001.p/1"])
    }

    @Test("all tiles, and the new ones between two sizes", arguments: [0x7113 as UInt64])
    func differences(seed: UInt64) {
        var random = SeededWords(seed: seed)
        let edges: [UInt64] = [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 131_072]
        for _ in 0..<60 {
            let size =
                Bool.random(using: &random)
                ? edges.randomElement(using: &random) ?? 0 : .random(in: 0...140_000, using: &random)
            let older =
                Bool.random(using: &random)
                ? edges.randomElement(using: &random) ?? 0 : .random(in: 0...140_000, using: &random)
            let all = Self.plain(size)
            let layout = TileLayout(size: size)
            let tiles = Array(layout.tiles)
            #expect(Set(tiles) == all)
            #expect(tiles.count == all.count)
            #expect(layout.levels == (all.map(\.level).max() ?? -1) + 1)
            for level in 0..<9 {
                #expect(layout.partialTile(level: level) == all.first { $0.level == level && !$0.isFull })
            }
            let new = Array(layout.tiles(since: older))
            let expected = older < size ? all.subtracting(Self.plain(older)) : []
            #expect(Set(new) == expected, "from \(older) to \(size)")
            #expect(new.count == expected.count)
            #expect(
                Array(layout.bundles(since: older)).map(\.tile) == new.filter { $0.level == 0 },
                "from \(older) to \(size)"
            )
            for tile in all { #expect(layout.covers(tile)) }
            #expect(all.allSatisfy { layout.tile(level: $0.level, holding: $0.index * 256) == $0 })
        }
    }

    @Test("a log covers what has only its hashes, also partial tiles of smaller sizes")
    func covers() throws {
        let layout = TileLayout(size: 70_000)
        for (path, isCovered) in [
            ("tile/0/273.p/112", true), ("tile/0/273.p/111", true), ("tile/0/273.p/113", false), ("tile/0/273", false),
            ("tile/0/272", true), ("tile/0/272.p/3", true), ("tile/0/274.p/1", false), ("tile/1/001.p/17", true),
            ("tile/1/001.p/18", false), ("tile/2/000.p/1", true), ("tile/2/000.p/2", false), ("tile/3/000.p/1", false),
            ("tile/63/000.p/1", false), ("tile/0/x018/x446/x744/x073/x709/x551/615", false),
        ] {
            #expect(layout.covers(try TileIndex(parsing: path)) == isCovered, "\(path)")
        }
        #expect(layout.covers(try BundleIndex(parsing: "tile/entries/273.p/112")))
        #expect(!layout.covers(try BundleIndex(parsing: "tile/entries/273.p/113")))
        #expect(layout.tile(level: 0, holding: 69_999)?.width == 112)
        #expect(layout.tile(level: 0, holding: 70_000) == nil)
        #expect(layout.tile(level: -1, holding: 0) == nil)
        #expect(layout.tile(level: 8, holding: 0) == nil)
    }

    @Test("the largest size that can be written")
    func largest() throws {
        let layout = TileLayout(size: .max)
        #expect(layout.levels == 8)
        for level in 0..<8 { #expect(layout.partialTile(level: level)?.width == 255) }
        #expect(layout.covers(try #require(TileIndex(level: 0, index: .max / 256, width: 255))))
        #expect(!layout.covers(try #require(TileIndex(level: 0, index: .max / 256, width: 256))))
        #expect(!layout.covers(try #require(TileIndex(level: 0, index: .max, width: 256))))
        #expect(layout.tiles(since: .max - 1).map(\.path) == ["tile/0/x072/x057/x594/x037/x927/935.p/255"])
        #expect(Array(layout.tiles(since: .max)).isEmpty)
        let perfect = TileLayout(size: 1 << 63)
        #expect(perfect.tiles(since: 1 << 63 - 1).map(\.level) == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test("what a pruned log may do without")
    func prunable() throws {
        func isPrunable(_ path: String, _ minimum: UInt64) throws -> Bool {
            try TileIndex(parsing: path).isPrunable(below: minimum)
        }
        #expect(try isPrunable("tile/0/000", 256))
        #expect(try !isPrunable("tile/0/000", 255))
        #expect(try isPrunable("tile/0/001", 512))
        #expect(try !isPrunable("tile/0/001", 511))
        #expect(try !isPrunable("tile/0/000.p/255", 256))
        #expect(try isPrunable("tile/1/000", 65_536))
        #expect(try !isPrunable("tile/1/000", 65_535))
        #expect(try !isPrunable("tile/7/000", .max))
        #expect(try !isPrunable("tile/63/000", .max))
        #expect(try BundleIndex(parsing: "tile/entries/000").isPrunable(below: 256))
        #expect(try !BundleIndex(parsing: "tile/entries/000").isPrunable(below: 255))
    }
}
