import ClavigerCore
import ClavigerLog
import Synchronization

extension Maintenance {
    /// Records which witnesses are missing and which have come back, and tells of the missing ones.
    ///
    /// Only what is on record is not told again: what could not be recorded is tried in the next round.
    public func recordWitnesses(_ witnesses: AuditWitnesses) async throws {
        guard self.authority.auditLog.gate.refusal == nil else { return }
        for state in await witnesses.states {
            guard state.isMissing != self.missingWitnesses.contains(state.name) else { continue }
            let fields = state.fields
            let now = self.authority.time.now()
            let isTold = try await self.authority.store.write { tx in
                var record = self.record(state.isMissing ? "audit.witness_missing" : "audit.witness_back", fields)
                record.target.id = state.name.text
                try tx.append(record)
                guard state.isMissing else { return false }
                return try tx.emit(
                    .auditWitnessMissing,
                    subject: state.name.text,
                    ["witness": fields],
                    in: self.workspaceID,
                    at: now,
                    from: self.authority.random
                )
            } afterCommit: { _ in
                self.missingWitnesses.note(state)
            }
            if isTold { self.authority.events.wake() }
        }
    }
}

/// Which witnesses are on record as missing.
final class MissingWitnesses: Sendable {
    private let names = Mutex<Set<NoteKeyName>>([])

    func contains(_ name: NoteKeyName) -> Bool {
        self.names.withLock { $0.contains(name) }
    }

    func note(_ state: WitnessState) {
        self.names.withLock { names in
            if state.isMissing { names.insert(state.name) } else { names.remove(state.name) }
        }
    }
}

extension WitnessState {
    /// What records and events say of a witness.
    var fields: JSON {
        let all: [(String, JSON?)] = [
            ("name", .string(self.name.text)),
            ("since", self.waitingSince.map { .string($0.text) }),
            ("reason", self.trouble.map { .string($0.word) }),
        ]
        let known = all.compactMap { name, value in value.map { (name, $0) } }
        return .object(JSONObject(known + (self.trouble?.details.map { ($0, .integer($1)) } ?? [])))
    }
}
