import ClavigerCore
import ClavigerLog
import Synchronization

extension Maintenance {
    private static let missing = "audit.witness_missing"
    private static let back = "audit.witness_back"

    /// Records which witnesses are missing and which have come back, and tells of the missing ones.
    ///
    /// What is on record is not told again, also after a restart; what could not be recorded is tried in the next round.
    public func recordWitnesses(_ witnesses: AuditWitnesses) async throws {
        guard self.authority.auditLog.gate.refusal == nil else { return }
        for state in await witnesses.states {
            let known = try await self.known(of: state.name)
            switch (state.standing, known) {
            case (.cosigning, .missing), (.cosigning, .inConflict): try await self.record(state, Self.back)
            case (.missing, .none), (.inConflict, .none), (.inConflict, .missing):
                try await self.record(state, Self.missing)
            default: continue
            }
        }
    }

    private func record(_ state: WitnessState, _ action: String) async throws {
        let (fields, now) = (state.fields, self.authority.time.now())
        var record = self.record(action, fields)
        record.target.id = state.name.text
        let isTold = try await self.authority.store.write { [record] tx in
            try tx.append(record)
            guard action == Self.missing else { return false }
            return try tx.emit(
                .auditWitnessMissing,
                subject: state.name.text,
                ["witness": fields],
                in: self.workspaceID,
                at: now,
                from: self.authority.random
            )
        } afterCommit: { _ in
            self.witnessRecords.set(state.name, WitnessRecords.OnRecord(state.standing))
        }
        if isTold { self.authority.events.wake() }
    }

    /// What is on record of a witness, as the log itself says after a start.
    private func known(of name: NoteKeyName) async throws -> WitnessRecords.OnRecord {
        if let known = self.witnessRecords.of(name) { return known }
        let newest = try await self.authority.store.read { [workspaceID] tx in
            try [Self.missing, Self.back].compactMap { action in
                var filter = AuditFilter()
                (filter.action, filter.targetID) = (action, name.text)
                return try tx.auditEvents(filter, in: workspaceID, page: PageRequest(limit: 1)).first
            }.max { $0.index < $1.index }
        }
        let known: WitnessRecords.OnRecord =
            if newest?.fields["action"]?.string != Self.missing {
                .none
            } else if newest?.fields["after"]?["reason"]?.string == WitnessTrouble.conflict(lastSize: nil).word {
                .inConflict
            } else {
                .missing
            }
        self.witnessRecords.set(name, known)
        return known
    }
}

/// What is on record of witnesses.
final class WitnessRecords: Sendable {
    enum OnRecord: Hashable, Sendable {
        case none, missing, inConflict

        init(_ standing: WitnessState.Standing) {
            switch standing {
            case .cosigning, .unsettled: self = .none
            case .missing: self = .missing
            case .inConflict: self = .inConflict
            }
        }
    }

    private let known = Mutex<[NoteKeyName: OnRecord]>([:])

    /// Nil before the log was asked.
    func of(_ name: NoteKeyName) -> OnRecord? {
        self.known.withLock { $0[name] }
    }

    func set(_ name: NoteKeyName, _ record: OnRecord) {
        self.known.withLock { $0[name] = record }
    }
}

extension WitnessState {
    /// What records and events say of a witness.
    var fields: JSON {
        let isWaiting = self.standing == .missing || self.standing == .inConflict
        // One that has not answered yet at all is not there.
        let trouble = isWaiting ? self.trouble ?? .unreachable : nil
        let all: [(String, JSON?)] = [
            ("name", .string(self.name.text)),
            ("since", self.waitingSince.map { .string($0.text) }),
            ("reason", trouble.map { .string($0.word) }),
        ]
        let known = all.compactMap { name, value in value.map { (name, $0) } }
        return .object(JSONObject(known + (trouble?.details.map { ($0, .integer($1)) } ?? [])))
    }
}
