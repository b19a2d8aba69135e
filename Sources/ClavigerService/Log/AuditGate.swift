import ClavigerCore
import Synchronization

/// Whether anything may be changed: not when the audit log is not what it was when its head was signed.
///
/// Verification goes on.
public final class AuditGate: Sendable {
    private struct State {
        var refusal: String?
        var outage: AuditOutage?
    }

    private let state = Mutex(State())

    /// Makes an open gate.
    public init() {}

    /// Why nothing may be changed; nil if it may.
    public var refusal: String? { self.state.withLock { $0.refusal } }

    func close(_ refusal: String) {
        self.state.withLock { $0.refusal = refusal }
    }

    func check() throws(Problem) {
        guard let refusal = self.refusal else { return }
        throw Problem(.auditLogInconsistent, refusal)
    }

    /// Notes that a change was refused since its record could not be written.
    func noteRefusal(at now: Timestamp) {
        self.state.withLock { state in
            var outage = state.outage ?? AuditOutage(since: now, refused: 0)
            outage.refused += 1
            state.outage = outage
        }
    }

    /// Since when changes are refused; nil if they are not.
    var outage: AuditOutage? { self.state.withLock { $0.outage } }

    /// Notes that an outage is on record; refusals since then begin another.
    func settle(_ outage: AuditOutage) {
        self.state.withLock { state in
            guard let refused = state.outage?.refused else { return }
            state.outage =
                refused > outage.refused ? AuditOutage(since: outage.since, refused: refused - outage.refused) : nil
        }
    }
}

/// A time in which changes were refused, as their records could not be written.
struct AuditOutage: Hashable, Sendable {
    var since: Timestamp
    var refused: Int
}
