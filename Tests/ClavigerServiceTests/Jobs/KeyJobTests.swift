import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// What the jobs do to keys, and what they must not.
@Suite struct KeyJobTests {
    private static let day = Duration.seconds(86_400)
    private static let overdue = ("rotation", ["every": "10d", "mode": "holder", "window": "3d"] as JSON)

    /// Nobody's key is taken because it cannot be seen that it is used.
    @Test func whereUseCannotBeReadNothingIsSuspended() async throws {
        let fixture = try await JobFixture()
        try await fixture.policy([("inactivity", ["neverUsed": ["suspend": "2d"], "idle": ["suspend": "2d"]])])
        let (used, unused) = (try await fixture.key(), try await fixture.key())
        try await fixture.advance(Self.day * 1.9)
        try await fixture.use(used)
        try await fixture.test.usageDatabase.write { try $0.execute("ALTER TABLE last_uses RENAME TO gone") }
        try await fixture.advance(Self.day)
        let job = try await fixture.job(.unused)
        #expect(job.failures == 1)
        #expect(job.activity(at: fixture.now) == .failing)
        #expect(try await fixture.state(used.key.id) == "active")
        #expect(try await fixture.state(unused.key.id) == "active")
        #expect(try await fixture.job(.rotation).failures == 0)
        try await fixture.test.usageDatabase.write { try $0.execute("ALTER TABLE gone RENAME TO last_uses") }
        try await fixture.advance(.seconds(400))
        #expect(try await fixture.state(used.key.id) == "active")
        #expect(try await fixture.state(unused.key.id) == "suspended unused")
    }

    /// The records of use are younger than the keys: they were lost, or are on another machine.
    @Test func whatWasBeforeTheRecordsIsNotHeldAgainstAKey() async throws {
        let fixture = try await JobFixture()
        try await fixture.policy([("inactivity", ["neverUsed": ["suspend": "5d"], "idle": ["suspend": "10d"]])])
        let key = try await fixture.key().key.id
        fixture.test.time.advance(by: Self.day * 30)
        let restored = try await TestAuthority(database: fixture.test.database)
        restored.time.jump(to: fixture.now)
        func run() async throws -> KeyState.Name {
            try await restored.scheduler.runOnce()
            return try await restored.authority.key(key, by: fixture.owner).value.state.name
        }
        #expect(try await run() == .active)
        restored.time.advance(by: Self.day * 9.9)
        #expect(try await run() == .active)
        restored.time.advance(by: Self.day * 0.2)
        #expect(try await run() == .suspended)
    }

    /// Nobody could have done anything about it before.
    @Test(arguments: ["rotation", "inactivity"])
    func aPolicyThatIsNewLeavesADay(part: String) async throws {
        let fixture = try await JobFixture([.keyRotationDue, .keyUnused])
        let key = try await fixture.key().key.id
        try await fixture.advance(Self.day * 30)
        let rules: [String: JSON] = [
            "rotation": ["every": "10d", "mode": "enforce", "window": "1s"],
            "inactivity": ["neverUsed": ["revoke": "10d"]],
        ]
        try await fixture.policy([(part, try #require(rules[part]))])
        for _ in 0..<20 { try await fixture.advance(.seconds(3600)) }
        #expect(try await fixture.state(key) == "active")
        let told = try await fixture.told().map(\.type)
        #expect(told == (part == "rotation" ? [] : ["key.unused"]))
        for _ in 0..<6 { try await fixture.advance(.seconds(3600)) }
        #expect(try await fixture.state(key) == (part == "rotation" ? "expired" : "revoked unused"))
    }

    @Test func aKeyThatWaitsForItsTimeIsNeitherUnusedNorOverdue() async throws {
        let fixture = try await JobFixture()
        try await fixture.policy([Self.overdue, ("inactivity", ["neverUsed": ["suspend": "5d", "revoke": "6d"]])])
        let key = try await fixture.key().key.id
        var patch = KeyPatch()
        patch.notBefore = .set(fixture.now + Self.day * 40)
        _ = try await fixture.test.authority.updateKey(key, patch, expecting: nil, by: fixture.owner)
        for _ in 0..<40 { try await fixture.advance(Self.day) }
        #expect(try await fixture.state(key) == "active")
        for _ in 0..<2 { try await fixture.advance(Self.day) }
        #expect(try await fixture.state(key) == "suspended rotation_overdue")
    }

    /// Whoever gives a key that has ended a later end has the time to use it again.
    @Test(arguments: [false, true])
    func aKeyThatComesBackIsNotRetiredAtOnce(amongMany: Bool) async throws {
        let fixture = try await JobFixture()
        try await fixture.policy([("inactivity", ["neverUsed": ["remind": "5d", "suspend": "10d"]])])
        let key = try await fixture.key().key.id
        var patch = KeyPatch()
        patch.expiresAt = .set(fixture.now + Self.day)
        _ = try await fixture.test.authority.updateKey(key, patch, expecting: nil, by: fixture.owner)
        try await fixture.advance(Self.day * 40)
        let later = fixture.now + Self.day * 300
        if amongMany {
            var filter = BulkFilter()
            filter.state = .expired
            let draft = BulkDraft(filter: filter, action: .setExpiry(later))
            let preview = try await fixture.test.authority.previewBulk(draft, by: fixture.owner).preview
            #expect(preview.count == 1)
            _ = try await fixture.test.authority.applyBulk(preview.id, by: fixture.owner)
        } else {
            patch.expiresAt = .set(later)
            _ = try await fixture.test.authority.updateKey(key, patch, expecting: nil, by: fixture.owner)
        }
        try await fixture.advance(Self.day * 9)
        #expect(try await fixture.state(key) == "active")
        try await fixture.advance(Self.day * 2)
        #expect(try await fixture.state(key) == "suspended unused")
    }

    @Test func aUseAfterAReminderStartsAnew() async throws {
        let fixture = try await JobFixture([.keyUnused, .keySuspended])
        let steps: JSON = ["remind": "4d", "suspend": "8d"]
        try await fixture.policy([("inactivity", ["neverUsed": steps, "idle": steps])])
        let key = try await fixture.key()
        let made = fixture.now
        for hour in 0..<(24 * 20) {
            if hour == 24 * 5 { try await fixture.use(key) }
            try await fixture.advance(.seconds(3600))
        }
        let told = try await fixture.told()
        #expect(told.map(\.type) == ["key.unused", "key.unused", "key.suspended"])
        #expect(told[0].data["since"]?.string == made.text)
        #expect(told[0].data["next"] == ["step": "suspend", "at": .string((made + Self.day * 8).text)])
        #expect(told[1].data["since"]?.string == (made + Self.day * 5).text)
        let key2 = try await fixture.read(key.key.id)
        #expect(key2.state.transition?.by == nil)
        #expect(key2.state.transition?.note?.hasPrefix("It was last used at ") == true)
        let records = try await fixture.test.authority.auditEvents(
            AuditFilter(),
            page: PageRequest(limit: 200),
            by: fixture.owner
        ).filter { $0.fields["target"]?["id"]?.string == key.key.id.text && $0.fields["action"] == "key.suspend" }
        #expect(records.map { $0.fields["reason"] } == ["unused"])
        #expect(records.allSatisfy { $0.fields["actor"] == ["kind": "system"] })
    }

    @Test func enforcedRotationEndsAKeyAtItsMoment() async throws {
        let fixture = try await JobFixture([.keyExpired, .keyRotationDue])
        try await fixture.policy([("rotation", ["every": "10d", "mode": "enforce", "window": "1s"])])
        let key = try await fixture.key()
        let due = fixture.now + Self.day * 10
        try await fixture.advance(Self.day * 12)
        #expect(try await fixture.state(key.key.id) == "expired")
        #expect(try await fixture.read(key.key.id).attributes.expiresAt == due)
        for _ in 0..<3 { try await fixture.advance(.seconds(400)) }
        #expect(try await fixture.told().map(\.type) == ["key.expired"])
        // Who gives it a later end has a day to rotate it.
        var patch = KeyPatch()
        patch.expiresAt = .set(fixture.now + Self.day * 300)
        _ = try await fixture.test.authority.updateKey(key.key.id, patch, expecting: nil, by: fixture.owner)
        try await fixture.advance(Self.day * 0.9)
        #expect(try await fixture.state(key.key.id) == "active")
        try await fixture.advance(Self.day * 0.2)
        #expect(try await fixture.state(key.key.id) == "expired")
        #expect(try await fixture.told().map(\.type) == ["key.expired", "key.expired"])
    }

    @Test func whoHoldsEverythingIsNotLockedOut() async throws {
        let fixture = try await JobFixture([.keyRotationDue, .keySuspended])
        try await fixture.policy(
            [Self.overdue, ("inactivity", ["neverUsed": ["remind": "1d", "suspend": "2d", "revoke": "3d"]])],
            apis: ["claviger"]
        )
        let management = try await fixture.test.authority.issue(
            [
                KeyDraft(
                    api: .name(API.managementName),
                    environment: .production,
                    owner: .id(fixture.consumer.id),
                    attributes: APIKey.Attributes(
                        name: try Label(parsing: "narrow"),
                        roles: [BuiltInRole.viewer.name]
                    )
                )
            ],
            by: fixture.owner
        ).value[0].key.id
        for _ in 0..<12 { try await fixture.advance(Self.day) }
        // A policy does not reach owners; of management keys it is not known whether they are unused.
        #expect(try await fixture.state(fixture.owner.keyID) == "active")
        #expect(try await fixture.state(management) == "suspended rotation_overdue")

        // Nor does an incident take the last one that may do everything.
        try await fixture.test.database.write {
            try $0.execute("UPDATE keys SET rotate_by = \(fixture.now) WHERE id = \(fixture.owner.keyID)")
        }
        for _ in 0..<3 { try await fixture.advance(.seconds(400)) }
        #expect(try await fixture.state(fixture.owner.keyID) == "active")
        let told = try await fixture.told().filter { $0.key == fixture.owner.keyID.text }
        #expect(told.map(\.type) == ["key.rotation_due"])
        #expect(told.first?.data["overdue"] == true)
    }

    @Test func aRotationInTimeTakesTheDemandAway() async throws {
        let fixture = try await JobFixture([.keyRotationDue, .keySuspended])
        let keys = try await fixture.keys(3)
        var filter = BulkFilter()
        filter.consumer = fixture.consumer.id
        let draft = BulkDraft(filter: filter, action: .requireRotation(within: .seconds(7200)))
        let preview = try await fixture.test.authority.previewBulk(draft, by: fixture.owner).preview
        #expect(preview.count == 3)
        let outcome = try await fixture.test.authority.applyBulk(preview.id, by: fixture.owner)
        #expect(outcome.publicFields["action"] == "requireRotation")
        #expect(try await fixture.read(keys[0].key.id).rotateBy == fixture.now + .seconds(7200))
        // It is told without waiting for the job's time.
        try await fixture.test.scheduler.runOnce()
        #expect(try await fixture.told().map(\.type) == ["key.rotation_due", "key.rotation_due", "key.rotation_due"])
        #expect(try await fixture.told().allSatisfy { $0.data["overdue"] == false })
        // Asked again with more time, nothing is changed.
        let again = BulkDraft(filter: filter, action: .requireRotation(within: .seconds(9000)))
        #expect(try await fixture.test.authority.previewBulk(again, by: fixture.owner).preview.count == 0)

        let rotated = try await fixture.test.authority.rotate(
            keys[0].key.id,
            RotationRequest(),
            by: fixture.owner
        ).value
        #expect(rotated.reading.key.rotateBy == nil)
        try await fixture.advance(.seconds(7200))
        #expect(try await fixture.state(keys[0].key.id) == "active")
        #expect(try await fixture.state(keys[1].key.id) == "suspended rotation_overdue")
        try await fixture.test.authority.resume(keys[2].key.id, by: fixture.owner)
        try await fixture.advance(Self.day * 0.9)
        #expect(try await fixture.state(keys[2].key.id) == "active other")
        try await fixture.advance(Self.day * 0.2)
        #expect(try await fixture.state(keys[2].key.id) == "suspended rotation_overdue")
    }
}

extension Authority {
    fileprivate func resume(_ id: APIKey.ID, by caller: Caller) async throws {
        _ = try await self.transition(id, .resume, TransitionRequest(), by: caller)
    }
}
