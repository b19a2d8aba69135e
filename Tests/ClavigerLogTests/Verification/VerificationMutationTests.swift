import Testing

@testable import ClavigerLog

/// One change of a published log, as a seed makes it.
private struct Mutation {
    var log: MemoryLog
    var touched: [LogResource] = []
    /// The entry that the fault must name, where the change itself says it.
    var entry: UInt64?

    /// Sizes at which the log published a checkpoint: the last one stands, the partial tiles of all are still there.
    init(seed: UInt64, history: [MemoryLog]) throws {
        var random = SeededWords(seed: seed)
        self.log = try #require(history.last)
        let names = self.log.resources.keys.sorted { $0.path < $1.path }
        let one = names[Int.random(in: names.indices, using: &random)]
        let bytes = try #require(self.log.resources[one])
        switch Int.random(in: 0..<7, using: &random) {
        case 0:
            let place = Int.random(in: bytes.indices, using: &random)
            var changed = bytes
            changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            self.change(one, to: changed)
            self.entry = Self.entry(at: place, of: one, bytes)
        case 1:
            self.change(one, to: nil)
            self.entry = LogFault.missing(one).entryIndex
        case 2:
            let length = Int.random(in: bytes.indices, using: &random)
            self.change(one, to: Array(bytes[..<length]))
            if case .bundle = one { self.entry = Self.entry(at: length, of: one, bytes) }
        case 3:
            let more = (0...Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            self.change(one, to: bytes + more)
            if case .bundle = one { self.entry = Self.entry(at: bytes.count - 1, of: one, bytes) }
        case 4:
            let other = names[Int.random(in: names.indices, using: &random)]
            let otherBytes = self.log.resources[other]
            self.change(one, to: otherBytes)
            self.change(other, to: bytes)
        case 5:
            // The older copy of what has grown since: a partial tile or bundle for the newest one.
            let older = names.filter { Self.isOlder($0, than: one) }
            if older.isEmpty {
                self.change(one, to: nil)
            } else {
                self.change(one, to: self.log.resources[older[Int.random(in: older.indices, using: &random)]])
            }
        default:
            let older = history[Int.random(in: 0..<(history.count - 1), using: &random)]
            self.change(.checkpoint, to: older.resources[.checkpoint])
        }
    }

    private mutating func change(_ resource: LogResource, to bytes: [UInt8]?) {
        if self.log.resources[resource] != bytes { self.touched.append(resource) }
        self.log.resources[resource] = bytes
    }

    private static func isOlder(_ one: LogResource, than other: LogResource) -> Bool {
        switch (one, other) {
        case (.bundle(let one), .bundle(let other)): one.index == other.index && one.width < other.width
        case (.tile(let one), .tile(let other)):
            one.level == other.level && one.index == other.index && one.width < other.width
        default: false
        }
    }

    /// The first entry that a byte of a resource belongs to.
    private static func entry(at byte: Int, of resource: LogResource, _ bytes: [UInt8]) -> UInt64? {
        switch resource {
        case .checkpoint: return nil
        case .tile(let tile):
            let place = tile.index << 8 + UInt64(byte / LogHash.length)
            return place << UInt64(8 * tile.level)
        case .bundle(let bundle):
            guard let entries = try? EntryBundle(parsing: bytes, count: bundle.width).entries else { return nil }
            let place = entries.firstIndex { byte < $0.endIndex } ?? entries.count - 1
            return bundle.index << 8 + UInt64(place)
        }
    }

    /// Whether the log of this size has the resource.
    ///
    /// Every other one is a partial tile or bundle of an earlier checkpoint. A log may delete them as soon as there are
    /// longer ones (c2sp.org/tlog-tiles), so their loss is none; and nobody who verifies the present checkpoint reads them,
    /// so what they say changes nothing of what is proved.
    static func isNeeded(_ resource: LogResource, size: UInt64) -> Bool {
        let layout = TileLayout(size: size)
        return switch resource {
        case .checkpoint: true
        case .tile(let tile): layout.tile(level: tile.level, holding: tile.index << 8) == tile
        case .bundle(let bundle): layout.tile(level: 0, holding: bundle.index << 8) == bundle.tile
        }
    }
}

@Suite("Nothing of a log can be changed unnoticed")
struct VerificationMutationTests {
    private static let histories = [[0, 1], [1, 255], [100, 256], [256, 257], [1, 300, 600], [250, 700, 1000]]

    @Test("single changes are found, and the entry is named", arguments: 0..<4 as Range<UInt64>)
    func mutations(part: UInt64) async throws {
        let kit = try LogKit()
        let histories = try Self.histories.map { sizes in
            var history: [MemoryLog] = []
            for size in sizes {
                var log = try kit.log(size)
                log.resources.merge(history.last?.resources ?? [:]) { new, _ in new }
                history.append(log)
            }
            return history
        }
        var found = 0
        for seed in part * 340..<(part + 1) * 340 {
            let history = histories[Int(seed) % histories.count]
            let last = try #require(history.last)
            let since = try last.note()
            let size = try #require(Checkpoint(parsing: since.text)).size
            let mutation = try Mutation(seed: seed, history: history)
            guard mutation.touched.contains(where: { Mutation.isNeeded($0, size: size) }) else {
                await #expect(throws: Never.self, "seed \(seed): \(mutation.touched)") {
                    _ = try await kit.verify(mutation.log, earlier: since)
                }
                continue
            }
            let fault = await #expect(throws: LogFault.self, "seed \(seed): \(mutation.touched)") {
                _ = try await kit.verify(mutation.log, earlier: since)
            }
            found += 1
            if let entry = mutation.entry { #expect(fault?.entryIndex == entry, "seed \(seed): \(mutation.touched)") }
        }
        #expect(found >= 250, "most changes are of what is needed")
    }
}
