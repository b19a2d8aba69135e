import ClavigerCore
import ClavigerLog
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// Uses of keys that somebody has ended are in the audit log themselves.
@Suite struct EndedKeyUseTests {
    private let fixture: EventFixture

    private static let filter: AuditFilter = {
        var filter = AuditFilter()
        filter.action = "key.use_refused"
        return filter
    }()

    init() async throws {
        self.fixture = try await EventFixture()
    }

    private func use(_ key: IssuedKey, from address: String = "203.0.113.7") async throws -> VerificationCode {
        var query = VerificationQuery()
        query.context.ip = IPAddress(parsing: address)
        query.context.userAgent = "curl/8"
        let token = PresentedToken(self.fixture.plaintext(of: key))
        return try await self.fixture.test.authority.verify(token, query, by: self.fixture.owner).code
    }

    private func records() async throws -> [JSON] {
        let events = try await self.fixture.test.authority.auditEvents(
            Self.filter,
            page: PageRequest(limit: 100),
            by: self.fixture.owner
        )
        return events.map(\.fields).reversed()
    }

    @Test func theFirstUseInEachHour() async throws {
        let test = self.fixture.test
        let key = try await self.fixture.key()
        #expect(try await self.use(key) == .valid)
        try await self.fixture.transition(key.key.id, .revoke)
        let before = test.time.now()
        for _ in 0..<3 { #expect(try await self.use(key) == .revoked) }
        try await test.fold.runOnce()
        try await test.fold.runOnce()
        let record = try #require(try await self.records().first)
        #expect(try await self.records().count == 1)
        #expect(record["time"]?.string == before.text)
        #expect(record["outcome"] == "denied")
        #expect(record["reason"] == "revoked")
        #expect(record["actor"]?["kind"] == "system")
        #expect(record["target"] == ["kind": "key", "id": .string(key.key.id.text)])
        #expect(record["after"]?["network"] == "203.0.113.7")
        #expect(record["after"]?["userAgent"] == "curl/8")
        var filter = Self.filter
        filter.network = IPAddress(parsing: "203.0.113.7")
        let found = try await test.authority.auditEvents(filter, page: PageRequest(limit: 9), by: self.fixture.owner)
        #expect(found.count == 1, "whoever asks what came from an address")
        #expect(record["after"]?["source"] == "verify")
        // Whoever may read leaves sees no address.
        let store = SQLAuthorityStore(test.database, random: test.random)
        let leaves = try await store.read { try $0.leaves(from: 0, limit: 1000) }
        let text = leaves.map { String(decoding: $0, as: UTF8.self) }.joined()
        #expect(!text.contains("203.0.113.7") && !text.contains("curl/8"))

        test.time.advance(by: .seconds(3600))
        _ = try await self.use(key)
        try await self.fixture.transition(key.key.id, .compromise)
        _ = try await self.use(key)
        try await test.fold.catchUp()
        #expect(try await self.records().map { $0["reason"] } == ["revoked", "revoked", "compromised"])
    }

    /// Where nobody verifies it: at Claviger's own door, and where somebody asks about it.
    @Test func managementKeysAndTokensThatAreAskedAbout() async throws {
        let (test, owner) = (self.fixture.test, self.fixture.owner)
        let key = try await self.fixture.key()
        let token = PresentedToken(self.fixture.plaintext(of: key))
        try await self.fixture.transition(key.key.id, .revoke)
        for _ in 0..<3 { _ = try await test.authority.introspect(token, ClientContext(), by: owner) }
        try await self.fixture.transition(key.key.id, .compromise)
        for _ in 0..<3 { _ = try await test.authority.introspect(token, ClientContext(), by: owner) }

        let ownerToken = PresentedToken(test.ownerToken)
        try await self.fixture.transition(owner.keyID, .compromise)
        for _ in 0..<3 {
            let nobody = try await test.authority.authenticate(ownerToken, network: nil, requestID: "req_1")
            #expect(nobody == nil)
        }
        try await test.fold.runOnce()
        let events = try await SQLAuthorityStore(test.database, random: test.random).read { tx in
            try tx.auditEvents(Self.filter, in: test.workspaceID, page: PageRequest(limit: 100))
        }
        #expect(events.map { $0.fields["after"]?["source"] } == ["management", "introspection", "introspection"])
        #expect(events.map { $0.fields["reason"] } == ["compromised", "compromised", "revoked"])
        #expect(events.first?.fields["target"]?["id"]?.string == owner.keyID.text)
    }

    /// Other refusals are in the access log only.
    @Test func aSuspendedKeyHasNone() async throws {
        let key = try await self.fixture.key()
        try await self.fixture.transition(key.key.id, .suspend)
        #expect(try await self.use(key) == .suspended)
        try await self.fixture.test.fold.settle()
        #expect(try await self.records().isEmpty)
    }

    /// A server that dies before the journal may forget them folds them again.
    @Test func whatIsFoldedAgainIsNotRecordedAgain() async throws {
        let test = self.fixture.test
        let keys = try await (0..<3).asyncMap { try await self.fixture.key("k\($0)") }
        for key in keys {
            try await self.fixture.transition(key.key.id, .revoke)
            _ = try await self.use(key)
        }
        try await test.fold.runOnce()
        let usage = SQLUsageStore(try await SQLiteUsageDatabases.inMemory())
        let ledger = CreditLedger(journal: CreditRecords(sink: test.journal, time: test.time))
        let store = SQLAuthorityStore(test.database, random: test.random)
        for _ in 0..<2 {
            let again = UsageFold(
                journal: test.journal,
                usage: usage,
                store: store,
                ledger: ledger,
                random: test.random,
                logger: test.log.logger()
            )
            try await again.catchUp()
        }
        #expect(try await self.records().count == 3)
    }

    /// While nothing can be recorded, the uses stay in the journal.
    @Test func whatCannotBeRecordedIsRecordedLater() async throws {
        let test = self.fixture.test
        let key = try await self.fixture.key()
        try await self.fixture.transition(key.key.id, .revoke)
        #expect(try await self.use(key) == .revoked)
        try await test.database.write {
            try $0.execute(
                """
                CREATE TEMP TRIGGER full BEFORE INSERT ON main.audit_events
                BEGIN SELECT RAISE(ABORT, 'full'); END
                """
            )
        }
        await #expect(throws: (any Error).self) { try await test.fold.settle() }
        try await test.database.write { try $0.execute("DROP TRIGGER full") }
        try await test.fold.settle()
        #expect(try await self.records().count == 1)
    }
}
