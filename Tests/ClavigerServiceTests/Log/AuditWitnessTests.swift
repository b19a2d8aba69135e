import ClavigerCore
import ClavigerLog
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// Heads of the audit log are cosigned by witnesses, and whoever does not cosign is missed.
@Suite struct AuditWitnessTests {
    private static let alarm = Duration.seconds(600)

    /// A log, its witnesses and what is done about them.
    private struct Followed {
        let fixture: AuditLogFixture
        let witnesses: AuditWitnesses

        init(_ witnesses: [FakeWitness], _ fixture: AuditLogFixture) {
            self.fixture = fixture
            self.witnesses = AuditWitnesses(
                witnesses,
                of: fixture.log,
                alarm: AuditWitnessTests.alarm,
                time: fixture.test.time,
                logger: fixture.test.log.logger()
            )
        }

        init(_ witnesses: FakeWitness...) async throws {
            self.init(witnesses, try await AuditLogFixture())
        }

        /// Signs what is new, has everybody asked, and looks who is missing.
        func round() async throws {
            try await self.fixture.log.publish()
            await self.witnesses.runOnce()
            try await self.fixture.test.maintenance.recordWitnesses(self.witnesses)
        }

        /// Has a witness not answer for as long as the alarm.
        func lose(_ witness: FakeWitness) async throws {
            await witness.be(.says(.unreachable))
            try await self.round()
            self.fixture.test.time.advance(by: AuditWitnessTests.alarm)
            try await self.round()
        }

        /// Who signed the checkpoint that is served.
        func isSigned(by witness: FakeWitness) async throws -> Bool {
            let note = try SignedNote(parsing: try #require(try await self.fixture.log.bytes(of: .checkpoint)))
            return (try? note.verified(by: [witness.key])) != nil
        }
    }

    @Test func eachHeadIsCosigned() async throws {
        let (first, second) = (try FakeWitness(), try FakeWitness("witness.example/w2", seed: 8))
        let log = try await Followed(first, second)
        for size in [1, 3, 300] {
            _ = try await log.fixture.consumers(size, "round\(size)-")
            try await log.round()
            for witness in [first, second] {
                #expect(try await log.isSigned(by: witness))
                #expect(await witness.head == log.fixture.log.checkpoint)
            }
        }
        // One that is cosigned is not sent again.
        #expect(await first.asked == 3)
        try await log.round()
        #expect(await first.asked == 3)
        // But when it is signed anew.
        log.fixture.test.time.advance(by: .seconds(60))
        try await log.round()
        #expect(await first.asked == 4)
        #expect(try await log.isSigned(by: first))
        #expect(await log.witnesses.states.allSatisfy { $0.standing == .cosigning && $0.waitingSince == nil })
    }

    /// A proof is worth more under a head that is cosigned, where an earlier one will do.
    @Test func proofsPreferCosignedHeads() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        _ = try await log.fixture.consumers(5)
        try await log.round()
        let size = try #require(log.fixture.log.checkpoint?.size)
        _ = try await log.fixture.consumers(5, "more")
        try await log.fixture.log.publish()
        #expect(!(try await log.isSigned(by: witness)))
        let old = try await log.fixture.log.proof(of: Int(size) - 1)
        #expect((try? old.checkpoint.verified(by: [witness.key])) != nil)
        let new = try await log.fixture.log.proof(of: Int(size))
        #expect((try? new.checkpoint.verified(by: [witness.key])) == nil)
        await log.witnesses.runOnce()
        let again = try await log.fixture.log.proof(of: Int(size))
        #expect((try? again.checkpoint.verified(by: [witness.key])) != nil)
    }

    /// The server does not keep what witnesses have cosigned: they say it themselves.
    @Test func anotherStartGoesOnFromWhatTheWitnessKnows() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        _ = try await log.fixture.consumers(5)
        try await log.round()
        _ = try await log.fixture.consumers(5, "more")
        let restarted = Followed([witness], log.fixture)
        try await restarted.round()
        #expect(await witness.asked == 3)
        #expect(await witness.head == log.fixture.log.checkpoint)
        #expect(try await restarted.isSigned(by: witness))
    }

    @Test func oneThatIsMissingIsToldOfOnceAndSoIsItsReturn() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        try await log.fixture.webhook(.auditWitnessMissing)
        await witness.be(.says(.unreachable))
        try await log.round()
        let since = log.fixture.test.time.now()
        #expect(try await log.fixture.newest("audit.witness_missing") == nil)
        // Soon again, and then less often.
        for _ in 0..<100 {
            log.fixture.test.time.advance(by: .milliseconds(500))
            try await log.round()
        }
        #expect(await (4...8).contains(witness.asked))
        log.fixture.test.time.advance(by: .seconds(600))
        for _ in 0..<3 { try await log.round() }
        let record = try #require(try await log.fixture.newest("audit.witness_missing"))
        #expect(record["target"]?["id"] == "witness.example/w1")
        #expect(
            record["after"] == ["name": "witness.example/w1", "since": .string(since.text), "reason": "unreachable"]
        )
        #expect(try await log.fixture.count("audit.witness_missing") == 1)
        #expect(try await log.fixture.told() == [["witness": record["after"]]])

        await witness.be(.works)
        log.fixture.test.time.advance(by: .seconds(30))
        for _ in 0..<3 { try await log.round() }
        #expect(try await log.isSigned(by: witness))
        #expect(try await log.fixture.count("audit.witness_back") == 0, "one that comes and goes is not back")
        log.fixture.test.time.advance(by: Self.alarm)
        for _ in 0..<3 { try await log.round() }
        #expect(try await log.fixture.count("audit.witness_back") == 1)
        #expect(try await log.fixture.count("audit.witness_missing") == 1)
    }

    @Test(arguments: [WitnessAnswer.refused(status: 403), .unverified, .refused(status: 503)])
    func whatIsNoCosignatureIsMissedToo(answer: WitnessAnswer) async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        await witness.be(.says(answer))
        try await log.round()
        #expect(await log.witnesses.states.first?.standing == .unsettled)
        log.fixture.test.time.advance(by: Self.alarm)
        try await log.round()
        let after = try #require(try await log.fixture.newest("audit.witness_missing"))["after"]
        #expect(after?["reason"]?.string == (answer == .unverified ? "unverified" : "refused"))
        #expect(!(try await log.isSigned(by: witness)))
    }

    /// A witness that saw more, or something else, is told of at once.
    @Test(arguments: [7, 0, -7]) func anotherTreeIsToldOfAtOnce(difference: Int) async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        _ = try await log.fixture.consumers(20)
        try await log.fixture.log.publish()
        let head = try #require(log.fixture.log.checkpoint)
        let size = UInt64(Int(head.size) + difference)
        await witness.remember(
            try #require(Checkpoint(origin: head.origin, size: size, root: .leaf(Array("another".utf8))))
        )
        try await log.round()
        #expect(try await log.fixture.newest("audit.witness_missing")?["after"]?["reason"] == "conflict")
        #expect(
            try await log.fixture.newest("audit.witness_missing")?["after"]?["lastSize"] == .integer(Int64(size))
        )
        #expect(log.fixture.test.log.lines.contains { $0.hasPrefix("critical") && $0.contains("another tree") })
        // Nobody signed that: nothing is stopped by it, and the witness is asked again.
        #expect(log.fixture.log.gate.refusal == nil)
        await witness.remember(head)
        log.fixture.test.time.advance(by: .seconds(2))
        try await log.round()
        #expect(try await log.isSigned(by: witness))
        log.fixture.test.time.advance(by: Self.alarm)
        try await log.round()
        #expect(try await log.fixture.count("audit.witness_back") == 1)
    }

    /// One that cosigned here and names less since has lost what it must never forget.
    @Test func oneThatForgetsIsToldOf() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        _ = try await log.fixture.consumers(20)
        try await log.fixture.log.publish()
        let old = try #require(log.fixture.log.checkpoint)
        _ = try await log.fixture.consumers(20, "more")
        try await log.round()
        #expect(try await log.isSigned(by: witness))
        await witness.remember(old)
        _ = try await log.fixture.consumers(1, "last")
        try await log.round()
        #expect(try await log.fixture.newest("audit.witness_missing")?["after"]?["reason"] == "conflict")
    }

    /// Whoever keeps a witness away first and shows it another tree then does not hide the second behind the first.
    @Test func aConflictIsToldOfAlsoWhereTheWitnessWasMissing() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        try await log.lose(witness)
        #expect(try await log.fixture.count("audit.witness_missing") == 1)
        await witness.be(.says(.refused(status: 422)))
        log.fixture.test.time.advance(by: .seconds(60))
        try await log.round()
        #expect(try await log.fixture.count("audit.witness_missing") == 2)
        // It stays so while it does not cosign, whatever else it says.
        await witness.be(.says(.unreachable))
        log.fixture.test.time.advance(by: .seconds(60))
        try await log.round()
        #expect(await log.witnesses.states.first?.standing == .inConflict)
        #expect(try await log.fixture.count("audit.witness_missing") == 2)
        #expect(try await log.fixture.count("audit.witness_back") == 0)
    }

    /// What another start of the server has recorded counts.
    @Test func whatIsOnRecordIsKnownAfterARestart() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        try await log.lose(witness)
        let test = log.fixture.test
        let maintenance = Maintenance(
            authority: test.authority,
            rehashes: RehashQueue(),
            workspaceID: test.workspaceID,
            logger: test.log.logger()
        )
        try await maintenance.recordWitnesses(log.witnesses)
        #expect(try await log.fixture.count("audit.witness_missing") == 1)
        await witness.be(.works)
        test.time.advance(by: .seconds(30))
        await log.witnesses.runOnce()
        test.time.advance(by: Self.alarm)
        try await maintenance.recordWitnesses(log.witnesses)
        #expect(try await log.fixture.count("audit.witness_back") == 1)
    }

    /// One that says now this and now that fills neither the log nor the server's own.
    @Test func oneThatFlapsIsToldOfOnce() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        for round in 0..<40 {
            await witness.be(round % 2 == 0 ? .says(.refused(status: 422)) : .works)
            _ = try await log.fixture.consumers(1, "flap\(round)-")
            log.fixture.test.time.advance(by: .seconds(5))
            try await log.round()
        }
        #expect(try await log.fixture.count("audit.witness_missing") == 1)
        #expect(try await log.fixture.count("audit.witness_back") == 0)
        #expect(log.fixture.test.log.lines.count { $0.contains("another tree") } == 1)
    }

    /// A witness that goes on naming other sizes keeps nobody busy.
    @Test func aWitnessThatChangesItsMindIsNotAskedForEver() async throws {
        let witness = try FakeWitness()
        let log = try await Followed(witness)
        _ = try await log.fixture.consumers(20)
        await witness.be(.wavers)
        try await log.round()
        #expect(await witness.asked == 3)
        #expect(await log.witnesses.states.first?.trouble == .refused(status: 409))
    }
}

extension AuditLogFixture {
    /// Has somebody told of events of a type.
    fileprivate func webhook(_ type: EventType) async throws {
        let url = try WebhookURL(parsing: "https://hooks.example.com/")
        _ = try await self.test.authority.createWebhook(
            WebhookEndpoint.Attributes(url: url, types: [type]),
            by: self.owner
        )
    }

    /// The data of what was told.
    fileprivate func told() async throws -> [JSON?] {
        try await self.test.database.read { connection in
            try connection.rows("SELECT body FROM outgoing_events ORDER BY rowid").map { row in
                try JSON.parse(Array(try row.value("body", as: String.self).utf8))["data"]
            }
        }
    }

    /// How many events have an action.
    fileprivate func count(_ action: String) async throws -> Int {
        var filter = AuditFilter()
        filter.action = action
        return try await self.store.read { [filter, workspace = self.test.workspaceID] tx in
            try tx.auditEvents(filter, in: workspace, page: PageRequest(limit: 100)).count
        }
    }
}
