/// Sorted ranges of addresses of one family that neither overlap nor touch.
///
/// A table cuts the space between the first and the last range into equal parts, as many as there are ranges, and says
/// which range is the first in each part. A part in which ranges crowd has a table of its own, so that a search ends
/// among a handful of ranges however many there are and wherever they lie; this is the level compression of tries
/// (Nilsson and Karlsson, IP-Address Lookup Using LC-Tries, 1999) applied to ranges.
struct AddressRanges<Bits: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    /// A range with both its ends.
    struct Span: Hashable, Sendable {
        let first: Bits
        var last: Bits

        init(first: Bits, prefixLength: Int) {
            self.first = first
            // Swift's smart shift gives 0 when all bits are shifted out.
            self.last = first | (Bits.max >> prefixLength)
        }
    }

    private struct Table: Sendable {
        /// Where the first range of the table begins.
        let first: Bits
        /// An address's distance from there, shifted right by this, is the number of its part.
        let shift: Int
        /// The number of the last part.
        let lastPart: Bits
        /// Where the entries of the table begin in `entries`.
        let offset: Int
        /// How many ranges come before those of the table.
        let begin: Int
    }

    /// So few ranges in one part are searched without a table.
    private static var fewest: Int { 8 }

    let spans: [Span]
    private var tables: [Table] = []
    /// For each part of a table how many ranges come before it, or the complement of the number of its own table.
    ///
    /// Each table has one more entry for its end.
    private var entries: [Int32] = []

    init(_ unsorted: [Span]) {
        self.spans = Self.merged(unsorted)
        if !self.spans.isEmpty { self.addTable(for: self.spans.indices) }
    }

    func contains(_ address: Bits) -> Bool {
        guard var table = self.tables.first, address >= table.first else { return false }
        while true {
            let part = min((address - table.first) >> table.shift, table.lastPart)
            let place = table.offset + Int(truncatingIfNeeded: part)
            let entry = self.entries[place]
            guard entry < 0 else {
                return self.search(address, from: Int(entry), to: self.begin(self.entries[place + 1]))
            }
            let inner = self.tables[Int(~entry)]
            // The last range of the part before may reach into this one.
            guard address >= inner.first else { return self.spans[inner.begin - 1].last >= address }
            table = inner
        }
    }

    /// Finds the last range that begins at or before the address: no other can contain it.
    private func search(_ address: Bits, from low: Int, to high: Int) -> Bool {
        var low = low
        var high = high
        while low < high {
            let middle = (low + high) / 2
            if self.spans[middle].first <= address { low = middle + 1 } else { high = middle }
        }
        return self.spans[low - 1].last >= address
    }

    private func begin(_ entry: Int32) -> Int {
        entry < 0 ? self.tables[Int(~entry)].begin : Int(entry)
    }

    private mutating func addTable(for range: Range<Int>) {
        let first = self.spans[range.lowerBound].first
        let distance = self.spans[range.upperBound - 1].first - first
        let partBits = range.count <= Self.fewest ? 0 : Int.bitWidth - (range.count - 1).leadingZeroBitCount
        let shift = max(0, Bits.bitWidth - distance.leadingZeroBitCount - partBits)
        let lastPart = distance >> shift
        let offset = self.entries.count
        self.tables.append(
            Table(first: first, shift: shift, lastPart: lastPart, offset: offset, begin: range.lowerBound)
        )
        let parts = Int(lastPart) + 1
        self.entries.append(contentsOf: repeatElement(Int32(range.upperBound), count: parts + 1))
        var next = range.lowerBound
        for part in 0..<parts {
            let begin = next
            while next < range.upperBound, (self.spans[next].first - first) >> shift == Bits(part) { next += 1 }
            if next - begin > Self.fewest, next - begin < range.count {
                self.entries[offset + part] = ~Int32(self.tables.count)
                self.addTable(for: begin..<next)
            } else {
                self.entries[offset + part] = Int32(begin)
            }
        }
    }

    private static func merged(_ unsorted: [Span]) -> [Span] {
        var merged: [Span] = []
        for span in unsorted.sorted(by: { $0.first < $1.first }) {
            if let last = merged.last, last.last == .max || span.first <= last.last + 1 {
                merged[merged.count - 1].last = max(last.last, span.last)
            } else {
                merged.append(span)
            }
        }
        return merged
    }
}
