import ClavigerStore
import Dispatch
import Synchronization
import Testing

/// Entries in the order in which threads made them.
private final class Recorder: Sendable {
    private let state = Mutex<[String]>([])

    var entries: [String] { self.state.withLock { $0 } }

    func append(_ entry: String) {
        self.state.withLock { $0.append(entry) }
    }
}

/// What every driver of the `Database` port must do. Each function takes a fresh database.
struct DatabaseContract: Sendable {
    struct Refusal: Error, Equatable {}

    /// Makes the table `contract(id text key, number integer, ratio real, content bytes)` in the engine's dialect.
    let createTable: SQL
    let open: @Sendable () async throws -> any Database

    private func prepared() async throws -> any Database {
        let database = try await self.open()
        try await database.write { try $0.execute(self.createTable) }
        return database
    }

    private static func insert(_ id: String, _ number: Int = 0) -> SQL {
        "INSERT INTO contract (id, number) VALUES (\(id), \(number))"
    }

    private static func ids(_ database: any Database) async throws -> [String] {
        try await database.read { connection in
            try connection.rows("SELECT id FROM contract ORDER BY id").map { try $0.value("id") }
        }
    }

    func valuesComeBackAsTheyWere() async throws {
        let database = try await self.prepared()
        let values: [(String, Int64?, Double?, [UInt8]?)] = [
            ("", .min, -0.5, []),
            ("κλειδί 🔑 \u{1}", .max, 1e300, Array(0...255)),
            ("nothing", nil, nil, nil),
        ]
        for (id, number, ratio, content) in values {
            let row = try await database.write { connection in
                try connection.execute(
                    """
                    INSERT INTO contract (id, number, ratio, content)
                    VALUES (\(id), \(number), \(ratio), \(content))
                    """
                )
                return try #require(
                    try connection.row("SELECT id, number, ratio, content FROM contract WHERE id = \(id)")
                )
            }
            #expect(try row.value("id", as: String.self) == id)
            #expect(try row.value("number", as: Int64?.self) == number)
            #expect(try row.value("ratio", as: Double?.self) == ratio)
            #expect(try row.value("content", as: [UInt8]?.self) == content)
        }
        await #expect(throws: DatabaseError.self) { try await database.write { try $0.execute(Self.insert("a\0b")) } }
        #expect(try await Self.ids(database).count == 3)
        try await database.close()
    }

    func statementsTellWhatTheyChanged() async throws {
        let database = try await self.prepared()
        try await database.write { connection throws in
            #expect(try connection.execute(Self.insert("a")) == 1)
            #expect(try connection.execute(Self.insert("b")) == 1)
            #expect(try connection.execute("UPDATE contract SET number = \(5)") == 2)
            #expect(try connection.execute("DELETE FROM contract WHERE id IN \(list: ["b", "x"])") == 1)
            #expect(try connection.execute("DELETE FROM contract WHERE id IN \(list: [String]())") == 0)
            #expect(try connection.row("SELECT id FROM contract WHERE id = \("none")") == nil)
        }
        try await database.close()
    }

    func rowsCanBeWalkedWithTheSameStatementInside() async throws {
        let database = try await self.prepared()
        let seen = try await database.write { connection in
            for id in ["a", "b", "c"] { try connection.execute(Self.insert(id)) }
            var seen: [String] = []
            let all: SQL = "SELECT id FROM contract ORDER BY id"
            try connection.forEach(all) { outer in
                let first: String = try outer.value("id")
                try connection.forEach(all) { inner in
                    try seen.append(first + inner.value("id", as: String.self))
                }
            }
            return seen
        }
        #expect(seen == ["aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"])
        await #expect(throws: Refusal.self) {
            try await database.read { connection in
                try connection.forEach("SELECT id FROM contract") { _ in throw Refusal() }
            }
        }
        try await database.close()
    }

    func aThrowTakesEverythingBack() async throws {
        let database = try await self.prepared()
        let committed = Mutex(0)
        await #expect(throws: Refusal.self) {
            try await database.write(
                { connection -> Void in
                    try connection.execute(Self.insert("a"))
                    throw Refusal()
                },
                afterCommit: { committed.withLock { $0 += 1 } }
            )
        }
        await #expect(throws: DatabaseError.self) {
            try await database.write(
                { connection -> Void in
                    try connection.execute(Self.insert("b"))
                    try connection.execute(Self.insert("b"))
                },
                afterCommit: { committed.withLock { $0 += 1 } }
            )
        }
        #expect(try await Self.ids(database).isEmpty)
        #expect(committed.withLock { $0 } == 0)
        try await database.write { try $0.execute(Self.insert("c")) }
        #expect(try await Self.ids(database) == ["c"])
        try await database.close()
    }

    func afterCommitRunsBeforeTheNextTransaction() async throws {
        let database = try await self.prepared()
        let log = Recorder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await database.write(
                        { connection in
                            log.append("body \(number)")
                            try connection.execute(Self.insert("\(number)"))
                            return number
                        },
                        afterCommit: { number in log.append("after \(number)") }
                    )
                    #expect(log.entries.contains("after \(number)"))
                }
            }
            try await group.waitForAll()
        }
        let entries = log.entries
        #expect(entries.count == 100)
        for start in stride(from: 0, to: entries.count, by: 2) {
            #expect(entries[start].dropFirst(5) == entries[start + 1].dropFirst(6))
        }
        try await database.close()
    }

    func cancellationDoesNotTearABegunTransaction() async throws {
        let database = try await self.prepared()
        let begun = Signal()
        let proceed = DispatchSemaphore(value: 0)
        let committed = Mutex(0)
        let task = Task {
            try await database.write(
                { connection in
                    try connection.execute(Self.insert("a"))
                    begun.send()
                    proceed.wait()
                    try connection.execute(Self.insert("b"))
                },
                afterCommit: { committed.withLock { $0 += 1 } }
            )
        }
        await begun.wait()
        task.cancel()
        proceed.signal()
        try await task.value
        #expect(committed.withLock { $0 } == 1)
        #expect(try await Self.ids(database) == ["a", "b"])
        try await database.close()
    }

    func cancellationStopsATransactionThatHasNotBegun() async throws {
        let database = try await self.prepared()
        let begun = Signal()
        let proceed = DispatchSemaphore(value: 0)
        let first = Task {
            try await database.write { connection in
                try connection.execute(Self.insert("a"))
                begun.send()
                proceed.wait()
            }
        }
        await begun.wait()
        let second = Task {
            try await database.write(
                { try $0.execute(Self.insert("b")) },
                afterCommit: { _ in Issue.record("A cancelled transaction was committed") }
            )
        }
        second.cancel()
        proceed.signal()
        try await first.value
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(try await Self.ids(database) == ["a"])
        try await database.close()
    }

    func readsCannotWrite() async throws {
        let database = try await self.prepared()
        await #expect(throws: DatabaseError.self) { try await database.read { try $0.execute(Self.insert("a")) } }
        await #expect(throws: DatabaseError.self) {
            _ = try await database.read { try $0.rows("INSERT INTO contract (id) VALUES (\("b")) RETURNING id") }
        }
        try await database.write { try $0.execute(Self.insert("c")) }
        #expect(try await Self.ids(database) == ["c"])
        try await database.close()
    }

    func violationsNameTheRuleAndNoValue() async throws {
        let database = try await self.prepared()
        let error = await #expect(throws: DatabaseError.self) {
            try await database.write { connection in
                try connection.execute(Self.insert("s3cret"))
                try connection.execute(Self.insert("s3cret"))
            }
        }
        #expect(error == .constraint(.unique(columns: ["contract.id"])))
        let broken = await #expect(throws: DatabaseError.self) {
            try await database.write { try $0.execute("INSERT INTO nowhere (id) VALUES (\("s3cret"))") }
        }
        for error in [error, broken] {
            #expect(!String(reflecting: error).contains("s3cret"))
            #expect(!String(describing: error).contains("s3cret"))
        }
        try await database.close()
    }

    func closingWaitsAndThenRefuses() async throws {
        let database = try await self.prepared()
        let begun = Signal()
        let proceed = DispatchSemaphore(value: 0)
        let write = Task {
            try await database.write { connection in
                begun.send()
                proceed.wait()
                return try connection.execute(Self.insert("a"))
            }
        }
        await begun.wait()
        let close = Task { try await database.close() }
        proceed.signal()
        #expect(try await write.value == 1)
        try await close.value
        for _ in 0..<2 {
            let error = await #expect(throws: DatabaseError.self) { _ = try await Self.ids(database) }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await #expect(throws: DatabaseError.self) { try await database.write { try $0.execute("SELECT 1") } }
        }
        try await database.close()
    }
}
