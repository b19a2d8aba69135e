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
    private let marks = Mutex<[Mark: Uptime]>([:])

    private struct Mark: Hashable {
        let credential: Credential.ID
        let code: VerificationCode
    }

    /// Notes that a credential goes on record now with what was decided about it; false if it has lately.
    func mark(_ key: KeySnapshot, _ code: VerificationCode, at now: Uptime) -> Bool {
        let isInGrace = if case .current = key.credentialState { false } else { code == .valid }
        let period = isInGrace ? Self.periodInGrace : Self.period
        let mark = Mark(credential: key.credentialID, code: code)
        return self.marks.withLock { marks in
            // One that was marked before its rotation has an end that is too far away.
            if let end = marks[mark], now < end, end <= now + period { return false }
            if marks.count >= Self.capacity, marks[mark] == nil {
                marks = marks.filter { now < $0.value }
                if marks.count >= Self.capacity { marks = [:] }
            }
            marks[mark] = now + period
            return true
        }
    }

    /// Notes that a credential did not go on record.
    func forget(_ key: KeySnapshot, _ code: VerificationCode) {
        let mark = Mark(credential: key.credentialID, code: code)
        self.marks.withLock { $0[mark] = nil }
    }
}
