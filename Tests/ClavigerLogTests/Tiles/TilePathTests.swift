import Testing

@testable import ClavigerLog

@Suite("Paths of tiles and bundles")
struct TilePathTests {
    @Test(
        "paths of c2sp.org/tlog-tiles",
        arguments: [
            ("tile/0/000", 0, 0, 256), ("tile/0/000.p/1", 0, 0, 1), ("tile/63/255.p/255", 63, 255, 255),
            ("tile/3/x001/x234/067", 3, 1_234_067, 256), ("tile/3/x001/x234/067.p/17", 3, 1_234_067, 17),
            ("tile/1/x001/000", 1, 1000, 256), ("tile/1/999", 1, 999, 256),
            ("tile/0/x018/x446/x744/x073/x709/x551/615", 0, UInt64.max, 256),
        ]
    )
    func tiles(path: String, level: Int, index: UInt64, width: Int) throws {
        let tile = try #require(TileIndex(level: level, index: index, width: width))
        #expect(tile.path == path)
        #expect(try TileIndex(parsing: path) == tile)
        #expect(try LogResource(parsing: path) == .tile(tile))
        #expect(tile.isFull == (width == 256))
        #expect(tile.full.width == 256)
        #expect(throws: TilePathError.malformed) { try BundleIndex(parsing: path) }
    }

    @Test(
        "paths of bundles",
        arguments: [
            ("tile/entries/000", 0, 256), ("tile/entries/273.p/112", 273, 112),
            ("tile/entries/x001/x234/067", 1_234_067, 256),
        ]
    )
    func bundles(path: String, index: UInt64, width: Int) throws {
        let bundle = try #require(BundleIndex(index: index, width: width))
        #expect(bundle.path == path)
        #expect(try BundleIndex(parsing: path) == bundle)
        #expect(try LogResource(parsing: path) == .bundle(bundle))
        #expect(LogResource.bundle(bundle).path == path)
        #expect(bundle.tile == TileIndex(level: 0, index: index, width: width))
        #expect(throws: TilePathError.malformed) { try TileIndex(parsing: path) }
    }

    @Test("the checkpoint")
    func checkpoint() throws {
        #expect(try LogResource(parsing: "checkpoint") == .checkpoint)
        #expect(LogResource.checkpoint.path == "checkpoint")
    }

    @Test(
        "no other form is a path",
        arguments: [
            "", "/", "tile", "tile/", "tile/0", "tile/0/", "tile//000", "/tile/0/000", "tile/0/000/", "tile/0//000",
            "tile/64/000", "tile/00/000", "tile/01/000", "tile/-1/000", "tile/+1/000", "tile/ 1/000", "tile/a/000",
            "tile/256/000", "tile/18446744073709551616/000", "Tile/0/000", "tile/0/0", "tile/0/00", "tile/0/0000",
            "tile/0/x000", "tile/0/x001", "tile/0/x000/001", "tile/0/x000/x001/001", "tile/0/001/001",
            "tile/0/x001/1", "tile/0/x01/001", "tile/0/x0001/001", "tile/0/X001/001", "tile/0/y001/001",
            "tile/0/xx01/001", "tile/0/x001/x001", "tile/0/x-01/001", "tile/0/a00", "tile/0/+00", "tile/0/-01",
            "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/00",
            "tile/0/000.p/01", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.p/+1", "tile/0/000.p/1 ",
            "tile/0/000.P/1", "tile/0/000/.p/1", "tile/0/000p/1", "tile/0/.p/1", "tile/0/x001.p/1",
            "tile/0/x001.p/001", "tile/0/000/p/1", "tile/0/000.p/x01", "tile/0/000.p/1000", "tile/0/000?x",
            "tile/0/٠٠٠",
            "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
            "tile/0/x018/x446/x744/x073/x709/x551/x000/000", "tile/0/../000", "tile/entries", "tile/entries/",
            "tile/Entries/000", "tile/entries/0/000", "tile/entries/000.p/256", "tile/data/000", "tile/names/000",
            "checkpoint/", "/checkpoint", "Checkpoint", "checkpoint.0", "tile/0/000\n", "tile/0/000%2Ep/1",
        ]
    )
    func others(path: String) {
        #expect(throws: TilePathError.malformed) { try LogResource(parsing: path) }
    }

    @Test("levels and widths that there are not")
    func bounds() {
        #expect(TileIndex(level: -1, index: 0) == nil)
        #expect(TileIndex(level: 64, index: 0) == nil)
        #expect(TileIndex(level: 0, index: 0, width: 0) == nil)
        #expect(TileIndex(level: 0, index: 0, width: 257) == nil)
        #expect(BundleIndex(index: 0, width: 0) == nil)
        #expect(BundleIndex(index: 0, width: 257) == nil)
    }

    @Test("what is written is read, and what is read is written so", arguments: [0xC1A5 as UInt64])
    func roundTrips(seed: UInt64) throws {
        var random = SeededWords(seed: seed)
        let alphabet = Array("tile/entris0123456789x.p".utf8)
        for _ in 0..<2000 {
            let index = UInt64.random(in: 0...(.max), using: &random) >> UInt64.random(in: 0..<64, using: &random)
            let level = Int.random(in: 0...63, using: &random)
            let tile = try #require(TileIndex(level: level, index: index, width: .random(in: 1...256, using: &random)))
            let path = tile.path
            #expect(try TileIndex(parsing: path) == tile)
            // One change: either refused, or the path of what is read.
            var bytes = Array(path.utf8)
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = alphabet.randomElement(using: &random) ?? 0
            case 1: bytes.remove(at: place)
            default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
            }
            let changed = String(decoding: bytes, as: UTF8.self)
            if let resource = try? LogResource(parsing: changed) { #expect(resource.path == changed) }
        }
    }
}
