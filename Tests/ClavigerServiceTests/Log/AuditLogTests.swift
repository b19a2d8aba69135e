import ClavigerCore
import ClavigerLog
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// What is recorded is signed, provable, and never signed differently.
@Suite struct AuditLogTests {
    @Test func everyRecordIsUnderTheHeadAndProvable() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(300)
        try await fixture.log.publish()
        let size = try await fixture.size()
        #expect(try await fixture.verify()?.size == UInt64(size))
        let policy = try #require(try await fixture.policy())
        for index in [0, 1, 255, 256, size - 1] {
            let proof = try await fixture.log.proof(of: index)
            let leaf = try #require(proof.extra)
            try LogProof(parsing: proof.bytes).verify(entry: leaf, by: policy)
            #expect(try JSON.parse(leaf).canonical() == leaf)
            #expect(try JSON.parse(leaf)["index"] == .integer(Int64(index)))
        }
        // Recorded after the head: provable all the same, as a new one is signed.
        _ = try await fixture.consumers(1, "later")
        #expect(try await fixture.log.proof(of: size).index == UInt64(size))
        await #expect(throws: Problem.self) { try await fixture.log.proof(of: size + 100) }
    }

    @Test func anotherStartGoesOnWhereTheLogWas() async throws {
        let fixture = try await AuditLogFixture()
        for count in [3, 250, 1, 300] {
            _ = try await fixture.consumers(count, "batch\(count)")
            try await fixture.log.publish()
            let former = try #require(fixture.test.auditHeads.saved.last)
            let log = try await fixture.reopen()
            #expect(log.gate.refusal == nil)
            _ = try await fixture.consumers(2, "more\(count)")
            try await log.publish()
            // Asking for the key is a record of its own.
            let size = try await fixture.size()
            #expect(try await fixture.verify(log, since: former)?.size == UInt64(size))
            // The one of before does not know of what the other has signed, but of no other log either.
            try await fixture.log.publish()
        }
        for head in fixture.test.auditHeads.saved { try await fixture.verify(since: head) }
    }

    @Test func anIdleLogIsSignedAnewEachMinute() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.log.publish()
        let first = fixture.test.auditHeads.saved.count
        fixture.test.time.advance(by: .seconds(10))
        try await fixture.log.publish()
        #expect(fixture.test.auditHeads.saved.count == first)
        fixture.test.time.advance(by: .seconds(50))
        try await fixture.log.publish()
        #expect(fixture.test.auditHeads.saved.count == first + 1)
        #expect(fixture.test.auditHeads.saved[first] != fixture.test.auditHeads.saved[first - 1])
    }

    @Test func aHeadThatCannotBeKeptIsNotShown() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.log.publish()
        let shown = try await fixture.log.bytes(of: .checkpoint)
        _ = try await fixture.consumers(1)
        fixture.test.auditHeads.setBroken(true)
        await #expect(throws: (any Error).self) { try await fixture.log.publish() }
        #expect(try await fixture.log.bytes(of: .checkpoint) == shown)
        fixture.test.auditHeads.setBroken(false)
        try await fixture.log.publish()
        try await fixture.verify(since: shown)
    }

    /// The same authority with fewer events: a database that was set back.
    @Test func aDatabaseThatWasSetBackIsNotSigned() async throws {
        let newer = try await AuditLogFixture()
        _ = try await newer.consumers(5)
        try await newer.log.publish()
        let older = try await AuditLogFixture(heads: newer.test.auditHeads)
        let refusal = try #require(older.log.gate.refusal)
        #expect(refusal.contains("new-log"))
        let saved = newer.test.auditHeads.saved
        try await older.log.publish()
        #expect(newer.test.auditHeads.saved == saved)
        let problem = await #expect(throws: Problem.self) { try await older.consumers(1) }
        #expect(problem?.kind == .auditLogInconsistent)
        // Also with as many events as were signed: they are others.
        _ = try await newer.size()
        await #expect(throws: Problem.self) { try await older.log.bytes(of: .checkpoint) }
        // The log can be read, and keys be verified.
        #expect(
            try await older.test.authority.auditEvents(AuditFilter(), page: PageRequest(limit: 5), by: older.owner)
                .count == 5
        )
        _ = try await older.test.caller(older.test.ownerToken)
    }

    @Test func aMissingOrDamagedHeadClosesTheGate() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(3)
        try await fixture.log.publish()
        let head = try #require(fixture.test.auditHeads.saved.last)
        let size = try #require(fixture.log.checkpoint?.size)
        let text = String(decoding: head, as: UTF8.self)
        let flipped = Array(text.replacing("\n\(size)\n", with: "\n\(size - 1)\n").utf8)
        let foreign = Array(
            String(decoding: head, as: UTF8.self).replacing("claviger.invalid", with: "example.com").utf8
        )
        for other in [nil, Array(head.dropLast(30)), flipped, foreign, []] as [[UInt8]?] {
            fixture.test.auditHeads.set(other)
            #expect(try await fixture.reopen().gate.refusal != nil)
        }
        fixture.test.auditHeads.set(head)
        #expect(try await fixture.reopen().gate.refusal == nil)
    }

    @Test func anOperatorBeginsANewLog() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(300)
        try await fixture.log.publish()
        let former = try #require(fixture.test.auditHeads.saved.last)
        let (now, random) = (fixture.test.time.now(), fixture.test.random)
        let begun = try await AuditLog.beginAgain(fixture.store, heads: fixture.test.auditHeads, at: now, from: random)
        let origin = try #require(begun)
        let log = try await fixture.reopen()
        #expect(log.gate.refusal == nil)
        try await log.publish()
        let head = try #require(log.checkpoint)
        #expect(head.origin.text == origin.text)
        #expect(head.size == UInt64(try await fixture.size()))
        #expect(try await fixture.newest("audit.new_log")?["after"]?["origin"]?.string == origin.text)
        // Another one over the same backup has another name.
        let again = try await AuditLog.beginAgain(fixture.store, heads: fixture.test.auditHeads, at: now, from: random)
        #expect(again != origin)
        // What a thief of the database would do: another name, and no leaf that says so.
        try await fixture.test.database.write {
            try $0.execute("UPDATE audit_log SET origin = 'example.com/mine', has_signed = 0")
        }
        fixture.test.auditHeads.set(former)
        #expect(try await fixture.reopen().gate.refusal != nil)
    }

    /// However few or many there are of a time, they are the same.
    @Test func eventsOfATime() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(5, "first")
        fixture.test.time.advance(by: .seconds(3600))
        let (middle, size) = (fixture.test.time.now(), try await fixture.size())
        _ = try await fixture.consumers(5, "second")
        let all = Array((0..<size + 5).reversed())
        func indexes(_ from: Timestamp?, _ to: Timestamp?, _ limit: Int, after: Int? = nil) async throws -> [Int] {
            var filter = AuditFilter()
            (filter.from, filter.to) = (from, to)
            let page = PageRequest(after: after.map(String.init), limit: limit)
            return try await fixture.store.read { [filter, workspace = fixture.test.workspaceID] tx in
                try tx.auditEvents(filter, in: workspace, page: page).map(\.index)
            }
        }
        for limit in [1, 4, 5, 6, 100] {
            #expect(try await indexes(middle, nil, limit) == Array(all.prefix(min(5, limit))))
            #expect(try await indexes(nil, middle, limit) == Array(all.dropFirst(5).prefix(limit)))
            #expect(try await indexes(middle + .seconds(1), nil, limit).isEmpty)
            #expect(
                try await indexes(middle, nil, limit, after: size + 2) == Array(all.dropFirst(3).prefix(min(2, limit)))
            )
        }
    }

    /// A backup from before there was a log, where one has signed since: the events of then come into the new log.
    @Test func aDatabaseOfBeforeGoesOnUnderAnotherName() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(3)
        try await fixture.log.publish()
        let former = try #require(fixture.log.checkpoint)
        try await fixture.test.database.write { connection in
            try connection.execute("DELETE FROM audit_log")
            try connection.execute("DROP TRIGGER audit_events_no_delete")
            try connection.execute("DELETE FROM audit_events")
            try connection.execute(
                """
                INSERT INTO audit_events_before_log
                (event_index, id, workspace_id, at, actor_kind, action, target_type, outcome)
                VALUES (0, 'evt_0000000000000000000000', \(fixture.test.workspaceID), 1, 'system', 'server.start',
                    'server', 'done')
                """
            )
        }
        let (now, random) = (fixture.test.time.now(), fixture.test.random)
        let begun = try await AuditLog.beginAgain(fixture.store, heads: fixture.test.auditHeads, at: now, from: random)
        let origin = try #require(begun)
        #expect(origin.text.hasPrefix(former.origin.text + "/2-"))
        let log = try await fixture.reopen()
        #expect(log.gate.refusal == nil)
        try await log.publish()
        #expect(log.checkpoint?.origin.text == origin.text)
        #expect(log.checkpoint?.size == 2)
        let after = try await fixture.newest("audit.new_log")?["after"]
        #expect(after?["formerOrigin"]?.string == former.origin.text)
        #expect(after?["formerSize"]?.integer == Int64(former.size))
    }

    @Test func aLeafThatWasChangedIsNamed() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(300)
        try await fixture.log.publish()
        try await fixture.test.database.write { connection in
            try connection.execute("DROP TRIGGER audit_events_no_update")
            try connection.execute(
                "UPDATE audit_events SET leaf = CAST(replace(leaf, 'consumer.create', 'consumer.delete') AS BLOB) WHERE event_index = 100"
            )
        }
        let fault = await #expect(throws: LogFault.self) { try await fixture.verify() }
        #expect(fault?.entryIndex == 100)
        #expect(fault?.kind == .differs)
    }

    @Test func aRotatedKeyIsReachedFromTheOldOne() async throws {
        let fixture = try await AuditLogFixture()
        let old = try #require(try await fixture.policy())
        for _ in 0..<3 {
            _ = try await fixture.test.authority.rotateKeyring([.auditSigning], by: fixture.owner)
            _ = try await fixture.consumers(2, "r\(try await fixture.size())")
        }
        try await fixture.log.publish()
        let report = try await LogVerifier(ServedLog(log: fixture.log), policy: old).verify { _, leaf in
            guard let json = try? JSON.parse(Array(leaf)), json["action"] == "audit.rotate_key" else { return nil }
            return try KeyRotation(parsing: Array((json["after"]?["rotation"]?.string ?? "").utf8))
        }
        #expect(report.rotations.count == 3)
        let key = try await fixture.test.authority.auditKey(by: fixture.owner)
        #expect(report.signers.contains(key.current))
        #expect(key.former.count == 3)
    }
}
