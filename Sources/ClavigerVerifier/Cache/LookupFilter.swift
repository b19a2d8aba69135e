import ClavigerCore

/// A Bloom filter over the lookup ids of a shard (Bloom 1970; double hashing after Kirsch and Mitzenmacher 2006).
///
/// It answers "certainly not one of ours" without the store, so that a flood of unknown tokens costs nothing there.
/// With 12 bits and 8 probes for each id about 0.3 % of unknown ids are taken for known.
struct LookupFilter {
    private static let bitsPerID = 12
    private static let probes: UInt64 = 8

    private var words: [UInt64]
    private(set) var count = 0
    private let capacity: Int

    /// Makes an empty filter for about `capacity` ids.
    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        let bits = (self.capacity * Self.bitsPerID + 63) / 64
        self.words = [UInt64](repeating: 0, count: bits)
    }

    /// Whether more ids went in than it was made for; it is still right, but less sharp.
    var isOverfull: Bool { self.count > self.capacity * 2 }

    mutating func insert(_ id: LookupID) {
        self.count += 1
        for (word, bit) in self.places(of: id) { self.words[word] |= bit }
    }

    /// False means that the id has never been inserted.
    func mayContain(_ id: LookupID) -> Bool {
        for (word, bit) in self.places(of: id) where self.words[word] & bit == 0 { return false }
        return true
    }

    private func places(of id: LookupID) -> some Sequence<(Int, UInt64)> {
        let hash = id.mixed
        let step = (hash &* 0x9E37_79B9_7F4A_7C15) | 1
        let size = UInt64(self.words.count) * 64
        // Not from 0: the ids of a shard share the first bits of their hash, and would share that place nearly.
        return (1...Self.probes).lazy.map { probe in
            let place = (hash &+ probe &* step).multipliedFullWidth(by: size).high
            return (Int(place >> 6), 1 << (place & 63))
        }
    }
}
