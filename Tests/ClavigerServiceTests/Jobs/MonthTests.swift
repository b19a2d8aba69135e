import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// A month in the life of a thousand keys: what has become of each, and what was told, is what the documented rules say.
@Suite struct MonthTests {
    private static let hour: Int64 = 3_600_000
    private static let day = ReferenceKeys.day
    private static let keys = 1000

    private enum Deed {
        case make, use, rotate, resume, revive
    }

    /// Where keys are: the environments of one api, with what their policies say together.
    private static let environments: [EnvironmentName] = [
        "rotated", "reminded", "enforced", "strict", "watched", "free",
    ]
    .compactMap { try? EnvironmentName(parsing: $0) }

    private static let places: [ReferenceKeys.Place] = [
        // Two policies, the stricter of which counts: see below.
        place(
            .init(every: 9 * day, window: 3 * day, mode: "holder"),
            .init(remind: 4 * day, suspend: 7 * day, revoke: 10 * day),
            .init(remind: 4 * day, suspend: 6 * day, revoke: 11 * day)
        ),
        place(.init(every: 6 * day, window: 2 * day, mode: "remind"), nil, nil),
        place(.init(every: 11 * day, window: 8 * day, mode: "enforce"), nil, nil),
        place(
            .init(every: 20 * day, window: 14 * day, mode: "holder"),
            .init(suspend: 10 * day),
            nil,
            maximum: 24 * day
        ),
        place(nil, .init(remind: 2 * day, revoke: 8 * day), .init(revoke: 6 * day)),
        place(nil, nil, nil),
    ]

    private static func place(
        _ rotation: ReferenceKeys.Rotation?,
        _ neverUsed: ReferenceKeys.Steps?,
        _ idle: ReferenceKeys.Steps?,
        maximum: Int64? = nil
    ) -> ReferenceKeys.Place {
        ReferenceKeys.Place(rotation: rotation, neverUsed: neverUsed, idle: idle, maximum: maximum)
    }

    private func setPolicies(_ fixture: JobFixture, exemptions: [JSON] = []) async throws {
        func set(_ name: String, _ environment: String, _ rules: [(String, JSON)]) async throws {
            try await fixture.policy(rules, name: name, environments: [environment])
        }
        let rotated: JSON = [
            "neverUsed": ["remind": "4d", "suspend": "7d", "revoke": "10d"],
            "idle": ["remind": "4d", "suspend": "6d", "revoke": "11d"],
            "exemptions": exemptions.isEmpty ? nil : .array(exemptions),
        ]
        try await set(
            "rotated-one",
            "rotated",
            [("rotation", ["every": "9d", "mode": "remind", "window": "3d"]), ("inactivity", rotated)]
        )
        try await set("rotated-two", "rotated", [("rotation", ["every": "15d", "mode": "holder", "window": "5d"])])
        try await set("reminded", "reminded", [("rotation", ["every": "6d", "mode": "remind", "window": "2d"])])
        try await set("enforced", "enforced", [("rotation", ["every": "11d", "mode": "enforce", "window": "8d"])])
        try await set(
            "strict",
            "strict",
            [
                ("rotation", ["every": "20d", "mode": "holder"]), ("lifetime", ["maximum": "24d"]),
                ("inactivity", ["neverUsed": ["suspend": "10d"]]),
            ]
        )
        try await set(
            "watched",
            "watched",
            [("inactivity", ["neverUsed": ["remind": "2d", "revoke": "8d"], "idle": ["revoke": "6d"]])]
        )
    }

    @Test(arguments: [20_261_121] as [UInt64])
    func aMonthOfMixedPolicies(seed: UInt64) async throws {
        let fixture = try await JobFixture(environments: Self.environments)
        var random = SeededGenerator(seed: seed)
        try await self.setPolicies(fixture)
        var consumers: [Consumer.ID] = []
        for number in 0..<5 { consumers.append(try await fixture.consumer("owner-\(number)")) }
        var reference = ReferenceKeys(places: Self.places, lastTick: fixture.now.milliseconds)
        var real: [(id: APIKey.ID, token: KeyToken)] = []
        let start = fixture.now.milliseconds

        for hour in 1...(30 * 24) as ClosedRange<Int64> {
            // Keys are made in the first five days, twenty at a time; everything else happens at random moments.
            var deeds: [(at: Int64, what: Deed)] = []
            func plan(_ what: Deed, _ percent: Int) {
                for _ in 0..<(percent / 100) + (Int.random(in: 0..<100, using: &random) < percent % 100 ? 1 : 0) {
                    deeds.append((Int64.random(in: 0..<Self.hour, using: &random), what))
                }
            }
            if hour <= 120, real.count < Self.keys, hour % 2 == 0 { deeds.append((Self.hour / 3, .make)) }
            plan(.use, 450)
            plan(.rotate, 150)
            plan(.resume, 40)
            plan(.revive, 20)
            for deed in deeds.sorted(by: { $0.at < $1.at }) {
                let moment = start + (hour - 1) * Self.hour + deed.at
                fixture.test.time.advance(by: .milliseconds(max(0, moment - fixture.now.milliseconds)))
                if deed.what == .make {
                    try await self.make(20, fixture, consumers, &real, &reference, &random)
                } else if !real.isEmpty {
                    try await self.perform(deed.what, fixture, &real, &reference, &random)
                }
            }
            if hour == 130 {
                // Some keys are left alone for a while.
                let exempt = (0..<25).map { $0 * 6 }.filter { reference.keys[$0].place == 0 }
                try await self.exempt(exempt, until: start + 17 * Self.day, fixture, real, &reference)
                reference.places[0].ruled = fixture.now.milliseconds
            }
            let incident: (consumer: Int, within: Int64)? =
                switch hour {
                case 290: (1, 24 * Self.hour)
                case 420: (3, 3 * Self.day)
                case 430: (3, 10 * Self.day)
                default: nil
                }
            if let incident {
                try await self.require(incident.consumer, incident.within, fixture, consumers)
                reference.requireRotation(of: incident.consumer, within: incident.within, fixture.now.milliseconds)
            }
            fixture.test.time.advance(by: .milliseconds(start + hour * Self.hour - fixture.now.milliseconds))
            // Every three hours; for two days, nobody looks after them.
            guard hour % 3 == 0, !(370..<418).contains(hour) else { continue }
            try await fixture.test.scheduler.runOnce()
            reference.tick(fixture.now.milliseconds)
        }
        for job in try await fixture.test.authority.jobs(by: fixture.owner) { #expect(job.job.failures == 0) }
        try await self.compare(fixture, real, reference)
    }

    // MARK: Deeds

    private func make(
        _ count: Int,
        _ fixture: JobFixture,
        _ consumers: [Consumer.ID],
        _ real: inout [(id: APIKey.ID, token: KeyToken)],
        _ reference: inout ReferenceKeys,
        _ random: inout SeededGenerator
    ) async throws {
        var drafts: [KeyDraft] = []
        let now = fixture.now.milliseconds
        for _ in 0..<count {
            let place = Int.random(in: 0..<Self.places.count, using: &random)
            let consumer = Int.random(in: 0..<consumers.count, using: &random)
            let lives = Int.random(in: 0..<10, using: &random) == 0
            let expires =
                lives && Self.places[place].maximum == nil
                ? now + Int64.random(in: Self.day...(20 * Self.day), using: &random) : nil
            let waits = !lives && Int.random(in: 0..<8, using: &random) == 0
            let begins = waits ? now + Int64.random(in: Self.day...(15 * Self.day), using: &random) : nil
            drafts.append(
                KeyDraft(
                    api: .id(fixture.api.id),
                    environment: Self.environments[place],
                    owner: .id(consumers[consumer]),
                    attributes: APIKey.Attributes(
                        name: try Label(parsing: "k"),
                        notBefore: begins.map { Timestamp(milliseconds: $0) },
                        expiresAt: expires.map { Timestamp(milliseconds: $0) }
                    )
                )
            )
            reference.keys.append(
                ReferenceKeys.Key(
                    place: place,
                    consumer: consumer,
                    created: now,
                    credential: now,
                    notBefore: begins,
                    expires: expires
                )
            )
        }
        real += try await fixture.test.authority.issue(drafts, by: fixture.owner).value.map { ($0.key.id, $0.token) }
    }

    private func perform(
        _ deed: Deed,
        _ fixture: JobFixture,
        _ real: inout [(id: APIKey.ID, token: KeyToken)],
        _ reference: inout ReferenceKeys,
        _ random: inout SeededGenerator
    ) async throws {
        let now = fixture.now.milliseconds
        let (authority, owner) = (fixture.test.authority, fixture.owner)
        // Half of the uses are by every tenth key, so that some keys are used all the time.
        var index = Int.random(in: 0..<real.count, using: &random)
        switch deed {
        case .make: return
        case .use:
            if Bool.random(using: &random) { index -= index % 10 }
            try await fixture.use(real[index].token)
            reference.use(index, now)
        case .rotate:
            let usable = reference.isUsable(reference.keys[index], now)
            // Whoever administers keys can rotate one that waits for its time, too.
            if let begins = reference.keys[index].notBefore, now < begins { return }
            do {
                let request = RotationRequest(grace: .lasting(.zero))
                real[index].token = try await authority.rotate(real[index].id, request, by: owner).value.token
                #expect(usable)
            } catch is Problem {
                #expect(!usable)
            }
            reference.rotate(index, now)
        case .resume:
            // One of those that wait for it, if there are any.
            let waiting = reference.keys.indices.filter {
                reference.keys[$0].state == "suspended" && reference.keys[$0].place != 3
            }
            guard let key = waiting.randomElement(using: &random) else { return }
            _ = try await authority.transition(real[key].id, .resume, TransitionRequest(), by: owner)
            reference.resume(key, now)
        case .revive:
            let ended = reference.keys.indices.filter { index in
                let key = reference.keys[index]
                return key.place == 2 && key.state == "active" && key.expires.map { $0 <= now } ?? false
            }
            guard let key = ended.randomElement(using: &random) else { return }
            let later = now + Int64.random(in: (2 * Self.day)...(12 * Self.day), using: &random)
            var patch = KeyPatch()
            patch.expiresAt = .set(Timestamp(milliseconds: later))
            _ = try await authority.updateKey(real[key].id, patch, expecting: nil, by: owner)
            reference.expire(key, at: later, now)
        }
    }

    private func exempt(
        _ indices: [Int],
        until end: Int64,
        _ fixture: JobFixture,
        _ real: [(id: APIKey.ID, token: KeyToken)],
        _ reference: inout ReferenceKeys
    ) async throws {
        for index in indices { reference.keys[index].exemptUntil = end }
        try await self.setPolicies(
            fixture,
            exemptions: indices.map {
                ["keyId": .string(real[$0].id.text), "until": .string(Timestamp(milliseconds: end).text)]
            }
        )
    }

    private func require(
        _ consumer: Int,
        _ time: Int64,
        _ fixture: JobFixture,
        _ consumers: [Consumer.ID]
    ) async throws {
        var filter = BulkFilter()
        filter.consumer = consumers[consumer]
        let draft = BulkDraft(filter: filter, action: .requireRotation(within: .milliseconds(time)))
        let preview = try await fixture.test.authority.previewBulk(draft, by: fixture.owner).preview
        _ = try await fixture.test.authority.applyBulk(preview.id, by: fixture.owner)
    }

    // MARK: Comparing

    private func compare(
        _ fixture: JobFixture,
        _ real: [(id: APIKey.ID, token: KeyToken)],
        _ reference: ReferenceKeys
    ) async throws {
        var wrong: [String] = []
        var states: [String: Int] = [:]
        for (index, expected) in reference.keys.enumerated() {
            let key = try await fixture.read(real[index].id)
            let credentials = try await fixture.test.authority.credentials(of: key.id, by: fixture.owner)
            func text(_ milliseconds: Int64?) -> String { milliseconds.map { "\($0)" } ?? "-" }
            let found = [
                key.state.name.rawValue, key.state.transition?.reason.rawValue ?? "",
                text(key.state.transition?.at.milliseconds), text(key.attributes.expiresAt?.milliseconds),
                text(key.endsAt?.milliseconds), text(key.rotateBy?.milliseconds),
                text(credentials.first { $0.state == .current }?.createdAt.milliseconds),
            ]
            let wanted = [
                expected.state, expected.reason, text(expected.stateAt), text(expected.expires),
                text(reference.end(expected)), text(expected.rotateBy), text(expected.credential),
            ]
            if found != wanted { wrong.append("\(index) \(Self.environments[expected.place]): \(found) not \(wanted)") }
            let state = [key.state(at: fixture.now).rawValue, expected.reason].filter { !$0.isEmpty }
            states[state.joined(separator: " "), default: 0] += 1
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5).joined(separator: "\n"))")

        let numbers = Dictionary(uniqueKeysWithValues: real.enumerated().map { ($1.id.text, $0) })
        let told = try await fixture.told().map { event -> ReferenceKeys.Event in
            var text = event.type
            let data = event.data
            func moment(_ name: String) -> Int64? {
                data[name]?.string.flatMap { try? Timestamp(parsing: $0) }?.milliseconds
            }
            if let due = moment("rotateBy") { text += " \(due) \(data["overdue"] == true)" }
            if let since = moment("since") { text += " \(since)" }
            if let days = data["daysLeft"]?.integer { text += " \(days)" }
            return ReferenceKeys.Event(at: event.at, key: numbers[event.key] ?? -1, text: text)
        }
        let (surplus, missing) = Self.difference(told, reference.events)
        #expect(surplus.isEmpty, "\(surplus.count) told and not expected: \(surplus.prefix(5))")
        #expect(missing.isEmpty, "\(missing.count) expected and not told: \(missing.prefix(5))")
        // Every rule has had something to do.
        for state in [
            "active", "active other", "suspended rotation_overdue", "revoked unused", "expired", "expired unused",
        ] {
            #expect(states[state, default: 0] > 10, "\(state): \(states)")
        }
        let types = Set(reference.events.map { String($0.text.prefix { $0 != " " }) })
        #expect(types.count == 8, "\(types)")
    }

    /// What is in one list and not in the other, each as often as it is.
    private static func difference(
        _ one: [ReferenceKeys.Event],
        _ other: [ReferenceKeys.Event]
    ) -> (surplus: [ReferenceKeys.Event], missing: [ReferenceKeys.Event]) {
        var counts: [ReferenceKeys.Event: Int] = [:]
        for event in one { counts[event, default: 0] += 1 }
        for event in other { counts[event, default: 0] -= 1 }
        return (
            counts.filter { $0.value > 0 }.map(\.key).sorted(), counts.filter { $0.value < 0 }.map(\.key).sorted()
        )
    }
}
