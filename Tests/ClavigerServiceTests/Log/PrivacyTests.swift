import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// What is personal is not in the log, can be read as long as it is known, and can be erased.
@Suite struct PrivacyTests {
    private func leaves(_ fixture: AuditLogFixture) async throws -> String {
        let leaves = try await fixture.store.read { try $0.leaves(from: 0, limit: 10_000) }
        return leaves.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }

    @Test func namesAreErasedAndTheLogVerifies() async throws {
        let fixture = try await AuditLogFixture()
        let consumer = try #require(try await fixture.consumers(2, "Ada").first)
        try await fixture.log.publish()
        let before = try #require(fixture.test.auditHeads.saved.last)
        let text = try await self.leaves(fixture)
        #expect(!text.contains("Ada0"))
        #expect(try await fixture.newest("consumer.create")?["after"]?["name"] == "Person Ada1")
        #expect(try await fixture.test.authority.auditCommitments(to: "Ada0", by: fixture.owner).count == 1)

        let outcome = try await fixture.test.authority.erasePersonalValues(of: consumer.id, by: fixture.owner)
        guard case .done(let erasure) = outcome else { return }
        #expect(erasure.auditValues == 2)
        #expect(!erasure.consumerErased)
        #expect(try await fixture.test.authority.auditCommitments(to: "Ada0", by: fixture.owner).isEmpty)
        var filter = AuditFilter()
        filter.targetID = consumer.id.text
        filter.action = "consumer.create"
        let event = try await fixture.test.authority.auditEvents(filter, page: PageRequest(limit: 1), by: fixture.owner)
        let name = try #require(event.first?.fields["after"]?["name"])
        #expect(Commitment(json: name) != nil)
        // The other one stays.
        #expect(try await fixture.test.authority.auditCommitments(to: "Ada1", by: fixture.owner).count == 1)
        try await fixture.log.publish()
        try await fixture.verify(since: before)
    }

    @Test func aDeletedConsumerLosesItsOwnNamesToo() async throws {
        let fixture = try await AuditLogFixture()
        let consumer = try #require(try await fixture.consumers(1, "Bob").first)
        _ = try await fixture.test.authority.deleteConsumer(consumer.id, expecting: nil, by: fixture.owner)
        _ = try await fixture.test.authority.erasePersonalValues(of: consumer.id, by: fixture.owner)
        let rows = try await fixture.test.database.read {
            try $0.rows("SELECT external_id, name FROM consumers WHERE id = \(consumer.id)")
        }
        #expect(try rows.first?.value("external_id", as: String.self) == consumer.id.text)
        #expect(try rows.first?.value("name", as: String?.self) == nil)
        let nobody = Consumer.ID(at: fixture.test.time.now(), from: fixture.test.random)
        await #expect(throws: Problem.self) {
            try await fixture.test.authority.erasePersonalValues(of: nobody, by: fixture.owner)
        }
    }

    /// Its keys are there after the consumer, without what they were called.
    @Test func theKeysOfADeletedConsumerLoseTheirNames() async throws {
        let fixture = try await EventFixture()
        let key = try await fixture.key("Carol's laptop").key.id
        try await fixture.transition(key, .revoke)
        let authority = fixture.test.authority
        try await fixture.transition(key, .destroy)
        _ = try await authority.deleteConsumer(fixture.consumer.id, expecting: nil, by: fixture.owner)
        _ = try await authority.erasePersonalValues(of: fixture.consumer.id, by: fixture.owner)
        let names = try await fixture.test.database.read { connection in
            try connection.rows("SELECT name FROM keys").map { try $0.value("name", as: String.self) }
        }
        #expect(names.contains(key.text))
        #expect(!names.contains("Carol's laptop"))
    }

    /// Whoever an override is for is no name of a thing.
    @Test func identifiersOfOverridesAreCommitments() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.test.authority.createLimitOverride(
            LimitOverrideDraft(
                namespace: try LimitNamespace(parsing: "login"),
                identifier: try IdentifierPattern(parsing: "dave@example.com"),
                limit: try RateLimit(name: LimitName(parsing: "burst"), requests: 5, window: .seconds(60))
            ),
            by: fixture.owner
        )
        #expect(!(try await self.leaves(fixture)).contains("dave@example.com"))
        #expect(try await fixture.newest("limit_override.create")?["after"]?["identifier"] == "dave@example.com")
        #expect(try await self.leaves(fixture).contains(#""name":"burst""#), "the name of a limit is no person's")
    }

    /// Whoever changes the table of values does not change what the log says.
    @Test func aValueThatWasChangedIsNotShown() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(1, "Eve")
        try await fixture.test.database.write {
            try $0.execute("UPDATE audit_values SET value = '\"Mallory\"' WHERE value = '\"Person Eve0\"'")
        }
        let name = try #require(try await fixture.newest("consumer.create")?["after"]?["name"])
        #expect(Commitment(json: name) != nil)
    }

    /// A commitment of somebody else, in a field that a client may fill, stays what it is.
    @Test func aPlantedCommitmentIsNotResolved() async throws {
        let fixture = try await AuditLogFixture()
        _ = try await fixture.consumers(1, "Victim")
        let known = try await fixture.test.authority.auditCommitments(to: "Person Victim0", by: fixture.owner)
        let commitment = try #require(known.first?.commitment)
        let attributes = Consumer.Attributes(
            externalID: try Label(parsing: "attacker"),
            kind: .customer,
            metadata: try Metadata(JSONObject([("name", commitment.json)]))
        )
        _ = try await fixture.test.authority.createConsumer(attributes, by: fixture.owner, once: nil)
        let shown = try await fixture.newest("consumer.create")?["after"]?["metadata"]?["name"]
        #expect(shown == commitment.json)
    }

    @Test func whatIsLookedForIsNotWrittenDown() async throws {
        let fixture = try await AuditLogFixture()
        var filter = AuditFilter()
        filter.targetID = fixture.test.ownerToken
        filter.requestID = "somebody@example.com"
        _ = try await fixture.test.authority.auditEvents(filter, page: PageRequest(limit: 5), by: fixture.owner)
        let text = try await self.leaves(fixture)
        #expect(text.contains("audit.list"))
        #expect(!text.contains(fixture.test.ownerToken))
        #expect(!text.contains("somebody@example.com"))
    }

    @Test func readingIsRecordedOnceAnHour() async throws {
        let fixture = try await AuditLogFixture()
        let read = {
            _ = try await fixture.test.authority.auditEvents(
                AuditFilter(),
                page: PageRequest(limit: 1),
                by: fixture.owner
            )
        }
        let size = try await fixture.size()
        try await read()
        try await read()
        #expect(try await fixture.size() == size + 1)
        fixture.test.time.advance(by: .seconds(3601))
        try await read()
        #expect(try await fixture.size() == size + 2)
    }

    /// A record that is too long for a leaf is committed to as a whole, and shown as a whole.
    @Test func aLongRecordFits() async throws {
        let fixture = try await AuditLogFixture()
        let record = AuditRecord(
            id: AuditRecord.ID(at: fixture.test.time.now(), from: fixture.test.random),
            workspaceID: fixture.test.workspaceID,
            at: Timestamp(milliseconds: 0),
            actor: .system,
            action: "policy.update",
            target: AuditRecord.Target(kind: "policy", id: "x"),
            outcome: .done,
            reason: nil,
            before: nil,
            after: ["text": .string(String(repeating: "x", count: 70_000))],
            requestID: nil
        )
        try await fixture.store.write({ try $0.append(record) }, afterCommit: { _ in })
        let size = try await fixture.size()
        let leaf = try await fixture.store.read { try $0.leaves(from: size - 1, limit: 1) }.first
        #expect((leaf?.count ?? .max) < 1000)
        let event = try await fixture.store.read { try $0.auditEvent(at: size - 1, in: record.workspaceID) }
        #expect(event?.fields["after"] == record.after)
        try await fixture.log.publish()
        try await fixture.verify()
    }
}
