import ClavigerCore
import Synchronization

/// Which credentials went on record lately as asked about, so that asking again stays cheap.
///
/// In memory only, and bounded: what is forgotten goes on record once more.
final class IntrospectionMarks: Sendable {
    /// The time between two records of one credential.
    static let period = Duration.seconds(3600)
    /// The same for one that is in grace: its end may wait until it is quiet.
    static let periodInGrace = Duration.seconds(60)
    private static let capacity = 65_536

    /// Until when each is not recorded again; only the methods below touch it, and nothing is called while it is held.
    private let marks = Mutex<[Credential.ID: Uptime]>([:])

    /// Notes that a credential goes on record now; false if it has lately.
    func mark(_ key: KeySnapshot, at now: Uptime) -> Bool {
        let period = if case .current = key.credentialState { Self.period } else { Self.periodInGrace }
        return self.marks.withLock { marks in
            // One that was marked before its rotation has an end that is too far away.
            if let end = marks[key.credentialID], now < end, end <= now + period { return false }
            if marks.count >= Self.capacity, marks[key.credentialID] == nil {
                marks = marks.filter { now < $0.value }
                if marks.count >= Self.capacity { marks = [:] }
            }
            marks[key.credentialID] = now + period
            return true
        }
    }

    /// Notes that a credential did not go on record.
    func forget(_ key: KeySnapshot) {
        self.marks.withLock { $0[key.credentialID] = nil }
    }
}
