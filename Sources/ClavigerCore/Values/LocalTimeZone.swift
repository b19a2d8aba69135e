import Foundation
import Synchronization

/// A time zone of the IANA database, such as `Europe/Berlin`, with the moments at which its clocks change.
///
/// The table reaches from 2020 to 2100; outside it the nearest offset holds.
public struct LocalTimeZone: Sendable {
    /// The moments at which the clocks change, in order, and how far east of UTC they are from then on.
    private final class Table: Sendable {
        let name: String
        let starts: [Int64]
        let offsets: [Int64]

        init(name: String, starts: [Int64], offsets: [Int64]) {
            self.name = name
            self.starts = starts
            self.offsets = offsets
        }
    }

    private static let first: TimeInterval = 1_577_836_800  // 2020-01-01T00:00:00Z
    private static let last: TimeInterval = 4_102_444_800  // 2100-01-01T00:00:00Z
    private static let day: Int64 = 86_400_000
    /// One table for each zone that was ever asked for; there are about 600.
    ///
    /// Nothing is called while it is held but the time zones of Foundation, which carries its own copy of the
    /// database: the machine needs none.
    private static let tables = Mutex<[String: Table]>([:])

    private let table: Table

    /// Reads a name of the IANA database; abbreviations and offsets such as `CET` or `+01:00` are refused.
    ///
    /// Older names that the database still carries are read too and are kept as given: `Asia/Calcutta` and
    /// `Asia/Kolkata` are not equal, although their clocks are.
    public init(parsing text: String) throws(FieldError) {
        guard let table = Self.table(named: text) else {
            throw FieldError("must be a name of the IANA time zone database, such as Europe/Berlin or UTC")
        }
        self.table = table
    }

    /// The name in the IANA database.
    public var name: String { self.table.name }

    /// How far the clocks are east of UTC at a moment, in milliseconds.
    public func offset(at moment: Timestamp) -> Int64 {
        self.table.offsets[self.index(at: moment.milliseconds)]
    }

    /// What the clocks show at a moment: milliseconds since 1970-01-01T00:00:00 by those clocks.
    public func local(_ moment: Timestamp) -> Int64 {
        moment.withFourDigitYear.milliseconds + self.offset(at: moment)
    }

    /// The first moment at which the clocks show `local` or later.
    ///
    /// An hour that is skipped in spring begins when it would have begun; one that comes twice in autumn begins the
    /// first time.
    public func moment(ofLocal local: Int64) -> Timestamp {
        let earliest = Timestamp.earliest.milliseconds - Self.day
        let latest = Timestamp.latest.milliseconds + Self.day
        let local = min(max(local, earliest), latest)
        // No clock is a whole day away from UTC, so that the moment cannot lie before this.
        var index = self.index(at: local - Self.day)
        while true {
            let candidate = local - self.table.offsets[index]
            let start = self.table.starts[index]
            if index > 0, candidate < start { return Timestamp(milliseconds: start) }
            guard index + 1 < self.table.starts.count, candidate >= self.table.starts[index + 1] else {
                return Timestamp(milliseconds: candidate).withFourDigitYear
            }
            index += 1
        }
    }

    /// The last entry that begins at or before `milliseconds`; the first one if there is none.
    private func index(at milliseconds: Int64) -> Int {
        var low = 0
        var high = self.table.starts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if self.table.starts[middle] <= milliseconds { low = middle } else { high = middle - 1 }
        }
        return low
    }

    private static func table(named name: String) -> Table? {
        guard self.isName(name) else { return nil }
        return self.tables.withLock { tables in
            if let table = tables[name] { return table }
            guard let table = self.makeTable(name) else { return nil }
            tables[name] = table
            return table
        }
    }

    /// Whether the text has the shape of an area and a place.
    ///
    /// Foundation takes abbreviations and offsets as well, and its own list of names leaves out those that Unicode's
    /// data knows under an older name, such as `Asia/Kolkata`. So the shape is checked here and the name there.
    private static func isName(_ text: String) -> Bool {
        guard text != "UTC", text != "GMT" else { return true }
        return text.utf8.count <= 64 && text.utf8.contains(UInt8(ascii: "/"))
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "+"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func makeTable(_ name: String) -> Table? {
        guard let zone = TimeZone(identifier: name) else { return nil }
        var moment = Date(timeIntervalSince1970: self.first)
        var starts = [Int64(self.first) * 1000]
        var offsets = [Int64(zone.secondsFromGMT(for: moment)) * 1000]
        while let next = zone.nextDaylightSavingTimeTransition(after: moment),
            next > moment, next.timeIntervalSince1970 < self.last
        {
            moment = next
            starts.append(Int64(next.timeIntervalSince1970.rounded()) * 1000)
            offsets.append(Int64(zone.secondsFromGMT(for: next)) * 1000)
        }
        return Table(name: name, starts: starts, offsets: offsets)
    }
}

extension LocalTimeZone: Hashable {
    /// Zones are equal when their names are.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.name == rhs.name }

    /// Takes in the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.name) }
}
