import Bench
import ClavigerCore
import ClavigerLog
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import Foundation

/// What the audit log costs those who change something, and how long its proofs take.
struct AuditBench {
    private static let samples = 400
    private static let rounds = 5

    let workbench: Workbench
    private var authority: Authority { self.workbench.authority }

    // MARK: Single changes

    /// A change with the log, beside what it would be with the plain table that was there before.
    ///
    /// Nobody can leave the log out of a change, so the difference is measured alone: the record as it is written now, and
    /// the same in a table with the former columns and indexes, each in a transaction that waits for the disk.
    func changes() async throws {
        try await self.makePlainTable()
        for round in 0..<Self.rounds {
            var (alone, log, plain): ([Int64], [Int64], [Int64]) = ([], [], [])
            for number in 0..<Self.samples {
                alone.append(try await self.time { try await self.change("a\(round)-\(number)") })
                log.append(
                    try await self.time {
                        let record = self.record(number)
                        try await self.workbench.store.write({ try $0.append(record) }, afterCommit: { _ in })
                    }
                )
                plain.append(try await self.time { try await self.insertPlain(self.record(number)) })
            }
            try await self.authority.auditLog.publish()
            // What signing beside them costs the changes.
            let sequencer = Task {
                while !Task.isCancelled {
                    try await self.workbench.maintenance.runAuditLog()
                    try? await Task.sleep(for: .milliseconds(400))
                }
            }
            var signed: [Int64] = []
            for number in 0..<Self.samples {
                signed.append(try await self.time { try await self.change("s\(round)-\(number)") })
            }
            sequencer.cancel()
            _ = try? await sequencer.value
            let (with, without) = (Self.mean(signed), Self.mean(alone) - Self.mean(log) + Self.mean(plain))
            Measuring.report("audit.change_us", with / 1000)
            Measuring.report("audit.change_unsigned_us", Self.mean(alone) / 1000)
            Measuring.report("audit.record_us", Self.mean(log) / 1000)
            Measuring.report("audit.plain_record_us", Self.mean(plain) / 1000)
            Measuring.report("audit.change_ratio", with / without)
        }
        try await self.workbench.database.write { _ = try $0.execute("DROP TABLE bench_plain") }
    }

    /// What a record takes besides waiting for the disk: many of them in one transaction.
    func records(_ count: Int = 40_000) async throws {
        let records = (0..<count).map { self.record($0) }
        let begin = Measuring.processorNanoseconds()
        try await self.workbench.store.write(
            { tx in for record in records { try tx.append(record) } },
            afterCommit: { _ in }
        )
        let one = Measuring.processorNanoseconds()
        try await self.workbench.store.write({ try $0.append(records) }, afterCommit: { _ in })
        let all = Measuring.processorNanoseconds()
        Measuring.report("audit.record_cpu_us", Double(one - begin) / 1000 / Double(count))
        Measuring.report("audit.record_together_cpu_us", Double(all - one) / 1000 / Double(count))
    }

    private func change(_ name: String) async throws {
        _ = try await self.authority.createConsumer(
            Consumer.Attributes(
                externalID: try Label(parsing: "\(name)-\(SystemTime().uptime())"),
                kind: .customer,
                name: try Label(parsing: "Person \(name)")
            ),
            by: self.workbench.owner
        )
    }

    private func record(_ number: Int) -> AuditRecord {
        let now = SystemTime().now()
        let (random, owner) = (SystemRandom(), self.workbench.owner)
        let id = Consumer.ID(at: now, from: random)
        return AuditRecord(
            id: Identifier(at: now, from: random),
            workspaceID: self.workbench.workspaceID,
            at: now,
            actor: .key(owner.keyID, consumer: owner.consumerID, network: "127.0.0.1"),
            action: "consumer.create",
            target: AuditRecord.Target(kind: "consumer", id: id.text),
            outcome: .done,
            reason: nil,
            before: nil,
            after: [
                "id": .string(id.text), "externalId": .string("bench \(number)"), "kind": "customer",
                "name": .string("Person \(number)"), "state": "active", "metadata": [:],
                "createdAt": .string(now.text), "updatedAt": .string(now.text),
            ],
            requestID: "req_benchmark"
        )
    }

    private func time(_ body: () async throws -> Void) async throws -> Int64 {
        let begin = Measuring.nanoseconds()
        try await body()
        return Measuring.nanoseconds() - begin
    }

    private static func mean(_ times: [Int64]) -> Double {
        // Without the slowest twentieth: the disk of the machine has others too.
        let sorted = times.sorted().prefix(times.count * 19 / 20)
        return Double(sorted.reduce(0, +)) / Double(max(sorted.count, 1))
    }

    /// The table of records as it was before the log, with all its indexes.
    private func makePlainTable() async throws {
        try await self.workbench.database.write { connection in
            try connection.execute(
                """
                CREATE TABLE bench_plain (
                    event_index INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace_id TEXT NOT NULL,
                    at INTEGER NOT NULL, actor_kind TEXT NOT NULL, actor_id TEXT, actor_consumer TEXT,
                    actor_network TEXT, action TEXT NOT NULL, target_kind TEXT NOT NULL, target_id TEXT,
                    outcome TEXT NOT NULL, reason TEXT, before TEXT, after TEXT, request_id TEXT
                ) STRICT
                """
            )
            try connection.execute("CREATE INDEX bench_page ON bench_plain (workspace_id, event_index)")
            try connection.execute("CREATE INDEX bench_target ON bench_plain (workspace_id, target_id, event_index)")
            try connection.execute("CREATE INDEX bench_actor ON bench_plain (workspace_id, actor_id, event_index)")
            try connection.execute("CREATE INDEX bench_outcome ON bench_plain (workspace_id, outcome, event_index)")
            try connection.execute("CREATE INDEX bench_time ON bench_plain (workspace_id, at, event_index)")
            try connection.execute("CREATE INDEX bench_action ON bench_plain (workspace_id, action, event_index)")
        }
    }

    private func insertPlain(_ record: AuditRecord) async throws {
        guard case .key(let actor, let consumer, let network) = record.actor else { return }
        try await self.workbench.database.write { connection in
            let after = record.after.map { String(decoding: $0.serialized(), as: UTF8.self) }
            try connection.execute(
                """
                INSERT INTO bench_plain VALUES (
                    (SELECT COALESCE(MAX(event_index), -1) + 1 FROM bench_plain), \(record.id.text),
                    \(record.workspaceID.text), \(record.at), 'key', \(actor.text), \(consumer.text), \(network),
                    \(record.action), \(record.target.kind), \(record.target.id), 'done', NULL, NULL, \(after),
                    \(record.requestID))
                """
            )
        }
    }

    // MARK: Many changes

    /// Keys made 1,000 at a time, each of which is a record, while heads are signed.
    func batches(_ count: Int = 20) async throws {
        let api = try await self.authority.createAPI(
            APIDraft(
                name: try ResourceName(parsing: "audit-\(SystemTime().now().milliseconds)"),
                prefix: try TokenPrefix(parsing: "a\(SystemTime().now().milliseconds % 100_000_000)"),
                attributes: API.Attributes()
            ),
            by: self.workbench.owner
        ).value
        let sequencer = Task {
            while !Task.isCancelled {
                try await self.workbench.maintenance.runAuditLog()
                try? await Task.sleep(for: .milliseconds(400))
            }
        }
        let before = try await self.workbench.store.read { try $0.auditSize() }
        let (begin, processor) = (Measuring.nanoseconds(), Measuring.processorNanoseconds())
        for _ in 0..<count {
            let drafts = try (0..<1000).map { number in
                KeyDraft(
                    api: .id(api.id),
                    environment: .production,
                    owner: .id(self.workbench.owner.consumerID),
                    attributes: APIKey.Attributes(name: try Label(parsing: "key \(number)"))
                )
            }
            _ = try await self.authority.issue(drafts, by: self.workbench.owner)
        }
        let took = Double(Measuring.nanoseconds() - begin) / 1e9
        let records = try await self.workbench.store.read { try $0.auditSize() } - before
        sequencer.cancel()
        _ = try? await sequencer.value
        Measuring.report("audit.batch_per_second", Double(records) / took)
        Measuring.report(
            "audit.batch_cpu_us",
            Double(Measuring.processorNanoseconds() - processor) / 1000 / Double(records)
        )
    }

    // MARK: Proofs

    /// Proofs under a head over very many entries.
    func proofs(entries: Int) async throws {
        try await self.fill(to: entries)
        var begin = Measuring.nanoseconds()
        try await self.authority.auditLog.publish()
        Measuring.report("audit.fill_publish_s", Double(Measuring.nanoseconds() - begin) / 1e9)
        guard let size = self.authority.auditLog.checkpoint.map({ Int($0.size) }) else { return }
        var times: [Int64] = []
        var hashes = 0
        for _ in 0..<1000 {
            let index = Int.random(in: 0..<size)
            begin = Measuring.nanoseconds()
            let proof = try await self.authority.auditLog.proof(of: index)
            times.append(Measuring.nanoseconds() - begin)
            hashes = max(hashes, proof.hashes.count)
        }
        Measuring.report("audit.entries", size)
        Measuring.report("audit.proof_median_ms", Double(times.percentile(0.5)) / 1e6)
        Measuring.report("audit.proof_p99_ms", Double(times.percentile(0.99)) / 1e6)
        Measuring.report("audit.proof_hashes", hashes)
    }

    /// Entries as the server makes them but for being all alike, without what is searched for.
    private func fill(to entries: Int) async throws {
        let size = try await self.workbench.store.read { try $0.auditSize() }
        let workspace = self.workbench.workspaceID
        let record = self.record(0)
        for start in stride(from: size, to: entries, by: 20_000) {
            try await self.workbench.database.write { connection in
                let rows = try (start..<min(start + 20_000, entries)).map { index in
                    let leaf = try AuditLeaf(record, at: index) { _, _, _ in Self.commitment }
                    return [
                        index.sqlValue, workspace.sqlValue, record.at.sqlValue, "bench".sqlValue, "done".sqlValue,
                        leaf.bytes.sqlValue,
                    ]
                }
                try connection.execute(
                    """
                    INSERT INTO audit_events (event_index, workspace_id, at, action, outcome, leaf)
                    VALUES \(parameters: 6)
                    """,
                    rows: rows
                )
            }
        }
    }

    private static let commitment: Commitment = {
        guard let commitment = Commitment(bytes: [UInt8](repeating: 7, count: Commitment.length)) else {
            preconditionFailure("it has the length of one")
        }
        return commitment
    }()
}
