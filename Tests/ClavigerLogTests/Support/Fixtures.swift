import Testing

@testable import ClavigerLog

/// Pseudo-random words that a seed repeats (SplitMix64).
struct SeededWords: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

enum Hex {
    static func bytes(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static func text(_ bytes: some Collection<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func hash(_ text: String) throws -> LogHash {
        try #require(LogHash(Self.bytes(text)))
    }
}

/// The tiles of a log in memory, which counts how often it is asked.
final class MemoryTiles: TileSource {
    private(set) var tiles: [TileIndex: [LogHash]] = [:]
    var reads: [TileIndex] = []

    struct NotThere: Error {}

    func tile(_ tile: TileIndex) throws -> [LogHash] {
        self.reads.append(tile)
        guard let hashes = self.tiles[tile] else { throw NotThere() }
        return hashes
    }

    func store(_ tiles: [Tile]) {
        for tile in tiles { self.tiles[tile.index] = tile.hashes }
    }

    func replace(_ tile: TileIndex, by hashes: [LogHash]?) {
        self.tiles[tile] = hashes
    }

    /// The tiles of a log with these leaves.
    static func of(_ leaves: some Sequence<LogHash>) -> MemoryTiles {
        let source = MemoryTiles()
        var builder = TreeBuilder()
        source.store(builder.append(contentsOf: leaves))
        source.store(builder.partialTiles)
        return source
    }
}

extension LogHash {
    /// The hash with one bit changed.
    func flipped(_ bit: Int) -> LogHash {
        var bytes = self.bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return LogHash(bytes) ?? self
    }
}

extension String {
    /// The text with one part of it replaced wherever it stands.
    func changing(_ old: String, to new: String) -> String {
        self.replacing(old, with: new)
    }
}

enum Make {
    static func keyName(_ text: String) throws -> NoteKeyName { try #require(NoteKeyName(text)) }

    static func line(_ text: String) throws -> NoteLine { try #require(NoteLine(text)) }

    /// A signer whose secret is one repeated byte.
    static func signer(_ name: String, _ fill: UInt8) throws -> NoteSigner {
        let name = try Self.keyName(name)
        return try #require(NoteSigner(name: name, seed: [UInt8](repeating: fill, count: 32)))
    }

    /// A cosigner whose secret is one repeated byte.
    static func cosigner(_ name: String, _ fill: UInt8) throws -> Cosigner {
        let name = try Self.keyName(name)
        return try #require(Cosigner(name: name, seed: [UInt8](repeating: fill, count: 32)))
    }
}
