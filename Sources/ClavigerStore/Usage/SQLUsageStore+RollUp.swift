import ClavigerCore
import ClavigerService
import Synchronization

extension SQLUsageStore {
    /// How much of the journal is counted in one transaction: 64 MiB, some 300,000 records.
    private static let step: UInt64 = 1 << 26

    /// Counts the records up to this one that are not counted yet.
    public func rollUp(through sequence: UInt64) async throws {
        try await SQLAuthorityStore.translating {
            let (start, days) = try await self.databases.usage.read { (try Self.position($0), try Self.noted($0)) }
            self.openDays.withLock { $0.formUnion(days) }
            var position = start
            while position < sequence {
                position = try await self.rollUp(from: position, through: sequence, days)
            }
        }
    }

    /// Counts one step and returns how far it came.
    private func rollUp(from position: UInt64, through sequence: UInt64, _ days: [UTCDay]) async throws -> UInt64 {
        var next: UInt64?
        for day in days {
            let first = try await self.withDay(day) {
                try await $0.read { try Self.firstSequence(after: position, $0) }
            }
            if let first = first.flatMap(\.self), first <= sequence { next = min(next ?? first, first) }
        }
        // Numbers have large gaps where the journal began anew.
        let end = min(sequence, next.map { $0 + Self.step } ?? sequence)
        var counts = UsageCounts()
        var finished: [UTCDay] = []
        for day in days {
            let last = try await self.withDay(day) { database in
                try await database.read { connection in
                    (try UsageCounts(connection, after: position, through: end), try Self.lastSequence(connection))
                }
            }
            if let last { counts.add(last.0) }
            // Records come at the border of two days in any order, so that the last two stay noted.
            if last?.1 ?? 0 <= end, !days.suffix(2).contains(day) { finished.append(day) }
        }
        let (complete, closed) = (counts, finished)
        try await self.databases.usage.write { connection in
            let moved = try connection.execute(
                """
                UPDATE progress SET sequence = \(Sequence64(end))
                WHERE id = 1 AND sequence = \(Sequence64(position))
                """
            )
            guard moved == 1 else { throw DatabaseError.failed("Someone else counts the same use.") }
            try complete.write(to: connection)
            for day in closed { try connection.execute("DELETE FROM open_days WHERE day = \(day)") }
        } afterCommit: { _ in
            self.openDays.withLock { $0.subtract(closed) }
        }
        return end
    }

    private static func firstSequence(after position: UInt64, _ connection: any DatabaseConnection) throws -> UInt64? {
        try connection.row("SELECT min(sequence) AS sequence FROM entries WHERE sequence > \(Sequence64(position))")?
            .value("sequence", as: Sequence64?.self)?.number
    }
}
