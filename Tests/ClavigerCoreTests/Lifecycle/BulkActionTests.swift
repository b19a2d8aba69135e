import ClavigerCore
import Testing

/// Which keys an action changes, and that what is stored of a preview is what was asked.
@Suite struct BulkActionTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private static func key(
        _ state: KeyState.Name,
        expiresAt: Timestamp? = nil,
        notBefore: Timestamp? = nil,
        rotateBy: Timestamp? = nil
    ) -> KeyOutline {
        KeyOutline(
            id: APIKey.ID(bits: 1),
            version: 1,
            apiID: API.ID(bits: 2),
            environment: .production,
            state: state,
            notBefore: notBefore,
            expiresAt: expiresAt,
            rotateBy: rotateBy
        )
    }

    /// The states that each command changes, after the table of NIST SP 800-57 as ``KeyState`` has it.
    @Test(
        arguments: [
            (.suspend, [.active]), (.resume, [.suspended]), (.revoke, [.pending, .active, .suspended]),
            (.compromise, [.pending, .active, .suspended, .revoked]), (.destroy, [.revoked, .compromised]),
        ] as [(KeyCommand, [KeyState.Name])]
    )
    func commands(command: KeyCommand, changed: [KeyState.Name]) {
        let action = BulkAction.command(command, reason: .other, note: nil)
        for state in KeyState.Name.allCases {
            let changes = action.changes(Self.key(state), at: Self.now, revivesExpired: false)
            #expect(changes == changed.contains(state), "\(command) \(state)")
        }
    }

    @Test func anExpiredKeyCanBeDestroyed() {
        let action = BulkAction.command(.destroy, reason: .other, note: nil)
        #expect(action.changes(Self.key(.active, expiresAt: Self.now), at: Self.now, revivesExpired: false))
        let later = Self.now + .milliseconds(1)
        #expect(!action.changes(Self.key(.active, expiresAt: later), at: Self.now, revivesExpired: false))
    }

    @Test func anotherEnd() {
        let end = Self.now + .seconds(60)
        let action = BulkAction.setExpiry(end)
        for state in KeyState.Name.allCases {
            let live: Set<KeyState.Name> = [.pending, .active, .suspended]
            #expect(action.changes(Self.key(state), at: Self.now, revivesExpired: false) == live.contains(state))
        }
        #expect(!action.changes(Self.key(.active, expiresAt: end), at: Self.now, revivesExpired: false))
        #expect(!action.changes(Self.key(.active, notBefore: end), at: Self.now, revivesExpired: false))
        let dead = Self.key(.active, expiresAt: Self.now)
        #expect(!action.changes(dead, at: Self.now, revivesExpired: false))
        #expect(action.changes(dead, at: Self.now, revivesExpired: true))
    }

    @Test func aRotationThatIsAskedFor() {
        let action = BulkAction.requireRotation(within: .seconds(3600))
        let live: Set<KeyState.Name> = [.pending, .active, .suspended]
        for state in KeyState.Name.allCases {
            #expect(action.changes(Self.key(state), at: Self.now, revivesExpired: true) == live.contains(state))
        }
        #expect(!action.changes(Self.key(.active, expiresAt: Self.now), at: Self.now, revivesExpired: true))
        // Nobody gets more time than they were given before.
        let end = Self.now + .seconds(3600)
        #expect(!action.changes(Self.key(.active, rotateBy: end), at: Self.now, revivesExpired: false))
        let later = Self.key(.active, rotateBy: end + .milliseconds(1))
        #expect(action.changes(later, at: Self.now, revivesExpired: false))
        #expect(action.permission == .rotate)
    }

    @Test func theStoredFormsComeBack() throws {
        for action in KeyCommand.allCases.map({ BulkAction.command($0, reason: .leaked, note: "n") })
            + [
                .command(.revoke, reason: .unused, note: nil), .setExpiry(Self.now),
                .requireRotation(within: .seconds(86_400)),
            ]
        {
            #expect(BulkAction(action.json) == action)
        }
        var filter = BulkFilter()
        #expect(BulkFilter(filter.json) == filter)
        filter.api = API.ID(bits: 7)
        filter.environment = .staging
        filter.consumer = Consumer.ID(bits: 8)
        filter.plan = Plan.ID(bits: 9)
        filter.metadata = ["team": "blue", "apiId": "x"]
        filter.createdBy = APIKey.ID(bits: 10)
        filter.lastUsedFrom = try CIDR(parsing: "2001:db8::/32")
        filter.state = .suspended
        filter.createdBefore = Self.now
        filter.createdAfter = Self.now - .seconds(9)
        filter.idleSince = Self.now - .seconds(3)
        #expect(BulkFilter(filter.json) == filter)
    }

    /// A part of a filter takes more keys than the whole: what cannot be read is no filter at all.
    @Test(
        arguments: [
            [:], ["apiId": "api_x"], ["all": true, "state": "active"], ["state": "gone"], ["more": "1"],
            ["metadata": ["a": 1]], ["apiId": 7],
        ] as [JSON]
    )
    func whatCannotBeReadIsNoFilter(json: JSON) {
        #expect(BulkFilter(json) == nil)
    }

    @Test func aSetOfKeysIsToldFromEveryOther() {
        func digest(_ keys: [(UInt128, Int)], subject: String = "s") -> [UInt8] {
            var digest = KeySetDigest(subject: subject)
            for (id, version) in keys { digest.add(APIKey.ID(bits: id), version: version) }
            return digest.bytes
        }
        let one = digest([(1, 1), (2, 5)])
        #expect(one == digest([(1, 1), (2, 5)]))
        for other in [
            digest([(1, 1)]), digest([(1, 1), (2, 6)]), digest([(1, 1), (3, 5)]), digest([]),
            digest([(1, 1), (2, 5)], subject: "t"),
        ] {
            #expect(one != other)
        }
    }
}
