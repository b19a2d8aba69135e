import ClavigerCore
import Crypto

/// What a part of the access log is, so that it cannot be changed unnoticed: the digest of its export.
struct AccessLogAnchor {
    /// The action of its record.
    static let action = "access_log.anchor"

    enum Period: String {
        case hour, day
    }

    let period: Period
    let from: Timestamp
    let to: Timestamp
    private(set) var entries = 0
    private var codes: [String: Int] = [:]
    private var hasher = SHA256()

    init(_ period: Period, from: Timestamp, to: Timestamp) {
        self.period = period
        self.from = from
        self.to = to
    }

    /// Takes in entries in the order of the export, the oldest first.
    mutating func add(_ entries: [AccessLogEntry]) {
        for entry in entries {
            let fields = entry.publicFields
            self.hasher.update(data: AccessLogEntry.line(of: fields))
            self.entries += 1
            self.codes[fields["code"]?.string ?? "", default: 0] += 1
        }
    }

    /// What goes on record.
    ///
    /// `sha256` is what `claviger usage export --from … --to … | sha256sum` prints for the same time.
    var fields: JSON {
        let digest = Hexadecimal.text(self.hasher.finalize())
        let codes = self.codes.sorted { $0.key < $1.key }.map { ($0.key, JSON.integer(Int64($0.value))) }
        return [
            "period": .string(self.period.rawValue), "from": .string(self.from.text), "to": .string(self.to.text),
            "entries": .integer(Int64(self.entries)), "codes": .object(JSONObject(codes)),
            "sha256": .string(digest),
        ]
    }
}

extension Maintenance {
    private static let hour = Duration.seconds(3600)
    private static let hourMilliseconds: Int64 = 3_600_000
    /// How long after its end an hour is closed.
    private static let lateness = Duration.seconds(120)
    private static let hoursAtOnce = 48

    /// Anchors each hour of the access log that is over, and each day, in the audit log.
    public func anchorAccessLog() async throws {
        let now = self.authority.time.now()
        var start = try await self.firstHourToAnchor(at: now)
        for _ in 0..<Self.hoursAtOnce {
            let end = start + Self.hour
            guard end + Self.lateness <= now, self.authority.auditLog.gate.refusal == nil else { return }
            // What was answered before now is in what is read below.
            try await self.authority.refreshUsage()
            var anchors = [try await self.anchor(.hour, from: start, to: end)]
            let day = UTCDay(start)
            if UTCDay(end) != day { anchors.append(try await self.anchor(.day, from: day.start, to: end)) }
            let records = anchors.map { self.record(AccessLogAnchor.action, $0.fields) }
            try await self.authority.store.write({ try $0.append(records) }, afterCommit: { _ in })
            start = end
        }
    }

    private func anchor(
        _ period: AccessLogAnchor.Period,
        from: Timestamp,
        to: Timestamp
    ) async throws -> AccessLogAnchor {
        var filter = AccessLogFilter()
        (filter.from, filter.to) = (from, to)
        var anchor = AccessLogAnchor(period, from: from, to: to)
        try await self.authority.usage.forEachEntry(filter, in: self.workspaceID) { anchor.add($0) }
        return anchor
    }

    /// The hour after the last one that is anchored; the first that is on record where none is.
    private func firstHourToAnchor(at now: Timestamp) async throws -> Timestamp {
        var filter = AuditFilter()
        filter.action = AccessLogAnchor.action
        let newest = try await self.authority.store.read { [filter, workspaceID] tx in
            try tx.auditEvents(filter, in: workspaceID, page: PageRequest(limit: 1)).first?.fields
        }
        if let text = newest?["after"]?["to"]?.string, let end = try? Timestamp(parsing: text) {
            // Of what is not kept any more nothing can be said.
            return max(end, Self.wholeHour(now - self.authority.detailRetention))
        }
        // The first use may still be in the journal.
        try await self.authority.refreshUsage()
        return Self.wholeHour(try await self.authority.usage.recordedSince(now: now))
    }

    private static func wholeHour(_ moment: Timestamp) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds - moment.milliseconds % Self.hourMilliseconds)
    }
}
