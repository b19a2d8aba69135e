import Testing

@testable import ClavigerLog

@Suite("Entry bundles")
struct EntryBundleTests {
    @Test("as Tessera writes them")
    func knownAnswer() throws {
        let bundle = try EntryBundle(Array(KnownLog.entries.prefix(3)))
        #expect(Hex.text(bundle.bytes) == KnownLog.bundle3)
        #expect(bundle.entries.map { Array($0) } == Array(KnownLog.entries.prefix(3)))
        #expect(try EntryBundle(parsing: Hex.bytes(KnownLog.bundle3), count: 3) == bundle)
        let index = try #require(TileIndex(level: 0, index: 0, width: 3))
        #expect(Tile(index, bytes: Hex.bytes(KnownLog.tile3))?.hashes == bundle.leafHashes)
    }

    @Test("exactly the given number of entries, and nothing after them")
    func strict() throws {
        let bytes = Hex.bytes(KnownLog.bundle3)
        #expect(throws: EntryBundleError.trailingBytes) { try EntryBundle(parsing: bytes, count: 2) }
        #expect(throws: EntryBundleError.truncated) { try EntryBundle(parsing: bytes, count: 4) }
        #expect(throws: EntryBundleError.trailingBytes) { try EntryBundle(parsing: bytes + [0], count: 3) }
        #expect(throws: EntryBundleError.wrongCount) { try EntryBundle(parsing: [], count: 0) }
        #expect(throws: EntryBundleError.wrongCount) { try EntryBundle(parsing: bytes, count: 257) }
        for length in bytes.indices {
            #expect(throws: EntryBundleError.truncated) { try EntryBundle(parsing: Array(bytes[..<length]), count: 3) }
        }
        var short = bytes
        short[1] = 2
        #expect(throws: EntryBundleError.self) { try EntryBundle(parsing: short, count: 3) }
    }

    @Test("from empty entries to the longest ones")
    func bounds() throws {
        #expect(try EntryBundle([[UInt8]()]).bytes == [0, 0])
        let longest = [UInt8](repeating: 7, count: 65_535)
        let bundle = try EntryBundle([longest, [], [1]])
        #expect(Array(bundle.bytes.prefix(3)) == [0xFF, 0xFF, 7])
        #expect(try EntryBundle(parsing: bundle.bytes, count: 3).entries.map(\.count) == [65_535, 0, 1])
        #expect(throws: EntryBundleError.entryTooLong) { try EntryBundle([longest + [7]]) }
        #expect(throws: EntryBundleError.wrongCount) { try EntryBundle([[UInt8]]()) }
        #expect(throws: EntryBundleError.wrongCount) { try EntryBundle([[UInt8]](repeating: [1], count: 257)) }
        #expect(try EntryBundle([[UInt8]](repeating: [1], count: 256)).leafHashes.count == 256)
    }

    @Test("the bytes of a tile are 32 for each hash")
    func tiles() throws {
        let index = try #require(TileIndex(level: 0, index: 0, width: 3))
        let bytes = Hex.bytes(KnownLog.tile3)
        #expect(Tile(index, bytes: bytes)?.bytes == bytes)
        #expect(Tile(index, bytes: bytes.dropLast()) == nil)
        #expect(Tile(index, bytes: bytes + [0]) == nil)
        #expect(Tile(index.full, bytes: bytes) == nil)
        #expect(Tile(index.full, bytes: [UInt8](repeating: 1, count: 8192))?.bytes.count == 8192)
    }
}
