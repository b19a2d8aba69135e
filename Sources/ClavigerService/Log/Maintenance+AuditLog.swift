public import ClavigerCore
import ClavigerLog
import Synchronization

// What the audit log has of the server itself.
extension Maintenance {
    /// The action of records of configurations.
    private static let configured = "server.configure"

    /// Records that the server starts, with which configuration, and whether the clock went back while it was off.
    ///
    /// - Parameter settings: what is configured, without secrets.
    public func recordStart(version: String, settings: JSON) async throws {
        var filter = AuditFilter()
        filter.action = Self.configured
        let (now, random, workspaceID) = (self.authority.time.now(), self.authority.random, self.workspaceID)
        let newest = try await self.authority.store.read { try $0.newestAuditTime() }
        self.clock.begin(newest ?? now, self.authority.time.uptime())
        try await self.authority.store.write { [filter] tx in
            if let newest, now < newest, ClockWatch.isJump(from: newest, to: now) {
                try tx.append(self.record(ClockWatch.action, ClockWatch.fields(from: newest, to: now)))
            }
            let former = try tx.auditEvents(filter, in: workspaceID, page: PageRequest(limit: 1)).first
            if former?.fields["after"] != settings {
                var record = AuditRecord.bySystem(
                    Self.configured,
                    nil,
                    after: settings,
                    in: workspaceID,
                    at: now,
                    from: random
                )
                record.before = former?.fields["after"]
                try tx.append(record)
            }
            try tx.append(self.record("server.start", ["version": .string(version)]))
        } afterCommit: {
        }
    }

    /// Records that the server stops, and signs the head over it.
    public func recordStop() async throws {
        try await self.authority.store.write({ try $0.append(self.record("server.stop", [:])) }, afterCommit: { _ in })
        try await self.authority.auditLog.publish()
    }

    /// One round: records what could not be recorded before and jumps of the clock, and signs what is new.
    public func runAuditLog() async throws {
        try await self.recordOutage()
        try await self.recordClockJump()
        try await self.authority.auditLog.publish()
    }

    private func recordOutage() async throws {
        let gate = self.authority.auditLog.gate
        guard let outage = gate.outage else { return }
        let fields: JSON = [
            "since": .string(outage.since.text), "refusedChanges": .integer(Int64(outage.refused)),
        ]
        try await self.authority.store.write { tx in
            try tx.append(self.record("audit.unwritable", fields))
        } afterCommit: {
            gate.settle(outage)
        }
    }

    private func recordClockJump() async throws {
        let time = self.authority.time
        guard let jump = self.clock.jump(at: time.now(), time.uptime()) else { return }
        try await self.authority.store.write { tx in
            try tx.append(self.record(ClockWatch.action, ClockWatch.fields(from: jump.expected, to: jump.found)))
        } afterCommit: {
            self.clock.settle(at: jump)
        }
    }

    /// Removes the leaves that are older than they are kept, in whole bundles; what is signed stays signed.
    public func pruneAuditLog(keeping time: Duration) async throws {
        guard self.authority.auditLog.gate.refusal == nil,
            let now = self.clock.credible(self.authority.time.now(), self.authority.time.uptime())
        else { return }
        let cutoff = now - time
        let signed = self.authority.auditLog.checkpoint?.size ?? 0
        let end = min(try await self.authority.store.read { try $0.auditIndex(notBefore: cutoff) }, Int(signed))
        let below = end / TileIndex.fullWidth * TileIndex.fullWidth
        let isNew = try await self.authority.store.write { tx in
            guard let log = try tx.auditLog(), below > log.prunedBelow else { return false }
            try tx.prune(below: below)
            try tx.append(
                self.record(
                    "audit.prune",
                    ["from": .integer(Int64(log.prunedBelow)), "below": .integer(Int64(below))]
                )
            )
            return true
        } afterCommit: { _ in
        }
        while try await self.authority.store.write(
            { try $0.removePruned(limit: Self.batch) },
            afterCommit: { _ in }
        ) > 0 {}
        // Looking through all values takes a while; where a server died at it, the next pruning does it.
        if isNew { try await self.removePrunedValues(below: below) }
    }

    private func removePrunedValues(below index: Int) async throws {
        var last: PersonalValueID?
        repeat {
            let place = last
            let (found, end) = try await self.authority.store.read { tx in
                try tx.prunedValues(below: index, after: place, limit: Self.batch)
            }
            if !found.isEmpty {
                try await self.authority.store.write(
                    { try $0.removePrunedValues(found, below: index) },
                    afterCommit: { _ in }
                )
            }
            last = end
        } while last != nil
    }
}

/// Notices that the clock on the wall was set: it moves otherwise than time does.
final class ClockWatch: Sendable {
    static let action = "server.clock_jump"
    /// What two clocks may differ by without one having been set.
    private static let tolerance = Duration.seconds(5)

    struct Jump: Hashable, Sendable {
        var expected: Timestamp
        var found: Timestamp
        var at: Uptime
    }

    /// The newest moment on record when the server started, and when that was.
    private let start = Mutex<(newest: Timestamp, uptime: Uptime)?>(nil)
    /// The last look at both clocks.
    private let last = Mutex<(wall: Timestamp, uptime: Uptime)?>(nil)

    /// Notes what the newest moment on record is when the server starts.
    func begin(_ newest: Timestamp, _ uptime: Uptime) {
        self.start.withLock { $0 = (newest, uptime) }
    }

    /// A moment that no clock which was set far ahead makes later than the records say; nil before the start.
    func credible(_ now: Timestamp, _ uptime: Uptime) -> Timestamp? {
        self.start.withLock { start in
            start.map { min(now, $0.newest + (uptime - $0.uptime) + .seconds(86_400)) }
        }
    }

    /// Looks at both clocks; one jump is told until it is settled.
    func jump(at wall: Timestamp, _ uptime: Uptime) -> Jump? {
        self.last.withLock { last in
            guard let known = last else {
                last = (wall, uptime)
                return nil
            }
            let expected = known.wall + (uptime - known.uptime)
            guard Self.isJump(from: expected, to: wall) else {
                last = (wall, uptime)
                return nil
            }
            return Jump(expected: expected, found: wall, at: uptime)
        }
    }

    /// Notes that a jump is on record.
    func settle(at jump: Jump) {
        self.last.withLock { $0 = (jump.found, jump.at) }
    }

    /// Whether a clock that shows something else than it should was set.
    static func isJump(from expected: Timestamp, to found: Timestamp) -> Bool {
        Duration.milliseconds(abs(found.milliseconds - expected.milliseconds)) > Self.tolerance
    }

    static func fields(from expected: Timestamp, to found: Timestamp) -> JSON {
        [
            "expected": .string(expected.text), "found": .string(found.text),
            "milliseconds": .integer(found.milliseconds - expected.milliseconds),
        ]
    }
}
