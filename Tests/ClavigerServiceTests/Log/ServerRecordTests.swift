import ClavigerCore
import ClavigerLog
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// What the log has of the server itself, and how long it has it.
@Suite struct ServerRecordTests {
    @Test func startConfigurationAndStop() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.test.maintenance.recordStart(version: "1", settings: ["listen.port": "8080"])
        let size = try await fixture.size()
        try await fixture.test.maintenance.recordStart(version: "1", settings: ["listen.port": "8080"])
        #expect(try await fixture.size() == size + 1)
        try await fixture.test.maintenance.recordStart(version: "2", settings: ["listen.port": "9090"])
        let change = try await fixture.newest("server.configure")
        #expect(change?["before"] == ["listen.port": "8080"])
        #expect(change?["after"] == ["listen.port": "9090"])
        #expect(try await fixture.newest("server.start")?["after"] == ["version": "2"])
        try await fixture.test.maintenance.recordStop()
        #expect(try await fixture.newest("server.stop") != nil)
        #expect(fixture.log.checkpoint?.size == UInt64(try await fixture.size()))
    }

    @Test func aClockThatJumpsIsRecordedOnce() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.test.maintenance.runAuditLog()
        fixture.test.time.advance(by: .seconds(3600))
        try await fixture.test.maintenance.runAuditLog()
        #expect(try await fixture.newest("server.clock_jump") == nil)
        fixture.test.time.jump(to: fixture.test.time.now() - .seconds(600))
        try await fixture.test.maintenance.runAuditLog()
        try await fixture.test.maintenance.runAuditLog()
        let size = try await fixture.size()
        #expect(try await fixture.newest("server.clock_jump")?["after"]?["milliseconds"] == .integer(-600_000))
        try await fixture.test.maintenance.runAuditLog()
        #expect(try await fixture.size() == size)
    }

    @Test func oldLeavesGoAndNewProofsStay() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.test.maintenance.recordStart(version: "1", settings: [:])
        _ = try await fixture.consumers(600)
        fixture.test.time.advance(by: .seconds(40 * 86_400))
        _ = try await fixture.consumers(10, "new")
        try await fixture.log.publish()
        let head = try #require(fixture.test.auditHeads.saved.last)
        try await fixture.test.maintenance.pruneAuditLog(keeping: .seconds(30 * 86_400))
        try await fixture.log.publish()
        let bundle = try #require(BundleIndex(index: 0))
        #expect(try await fixture.log.bytes(of: .bundle(bundle)) == nil)
        #expect(try await fixture.log.bytes(of: .tile(bundle.tile)) != nil)
        #expect(try await fixture.store.read { try $0.auditLog()?.prunedBelow } == 512)
        #expect(try await fixture.newest("audit.prune")?["after"]?["below"] == .integer(512))
        // What only those leaves had commitments to goes with them, give or take a bundle.
        let values = try await fixture.test.database.read { connection in
            Set(try connection.rows("SELECT value FROM audit_values").map { try $0.value("value", as: String.self) })
        }
        #expect(!values.contains("\"customer0\"") && !values.contains("\"Person customer200\""))
        #expect(values.contains("\"customer520\"") && values.contains("\"new9\""))
        let report = try await fixture.verify(since: head, from: 512)
        #expect(report?.firstIndex == 512)
        _ = try await fixture.log.proof(of: 520)
        await #expect(throws: Problem.self) { try await fixture.log.proof(of: 100) }
        // Another start has all that it needs, and a new log too.
        #expect(try await fixture.reopen().gate.refusal == nil)
        let size = try await fixture.size()
        try await fixture.test.maintenance.pruneAuditLog(keeping: .seconds(30 * 86_400))
        #expect(try await fixture.size() == size)
    }

    /// A clock that was set far ahead does not make everything old.
    @Test func aClockSetAheadPrunesNothing() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.test.maintenance.recordStart(version: "1", settings: [:])
        _ = try await fixture.consumers(300)
        try await fixture.log.publish()
        fixture.test.time.jump(to: fixture.test.time.now() + .seconds(1000 * 86_400))
        try await fixture.test.maintenance.pruneAuditLog(keeping: .seconds(365 * 86_400))
        #expect(try await fixture.store.read { try $0.auditLog()?.prunedBelow } == 0)
    }

    /// Events of before are leaves like others, with their places and times.
    @Test func eventsOfBeforeAreTakenOver() async throws {
        let fixture = try await AuditLogFixture()
        try await fixture.test.database.write { connection in
            let size =
                try connection.row("SELECT COUNT(*) AS count FROM audit_events")?.value("count", as: Int.self) ?? 0
            for index in size..<(size + 3) {
                let id = "evt_\(index)000000000000000000000".prefix(26)
                try connection.execute(
                    """
                    INSERT INTO audit_events_before_log
                    (event_index, id, workspace_id, at, actor_kind, action, target_type, target_id, outcome, after_state)
                    VALUES (\(index), \(String(id)), \(fixture.test.workspaceID), 1000, 'system', 'api.create', 'api',
                        'api_old', 'done', '{"name":"old"}')
                    """
                )
            }
        }
        let size = try await fixture.size()
        while try await fixture.store.write({ try $0.takeOverEarlierAuditEvents(limit: 2) }, afterCommit: { _ in }) > 0
        {}
        #expect(try await fixture.size() == size + 3)
        let event = try await fixture.newest("api.create")
        #expect(event?["after"] == ["name": "old"])
        #expect(event?["time"]?.string == "1970-01-01T00:00:01.000Z")
        let left = try await fixture.test.database.read { try $0.rows("SELECT id FROM audit_events_before_log") }
        #expect(left.isEmpty)
        try await fixture.log.publish()
        try await fixture.verify()
    }
}
