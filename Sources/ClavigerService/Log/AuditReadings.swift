import ClavigerCore
import Synchronization

/// Which readings of the audit log went on record lately, so that following a list or the log itself is one reading.
///
/// In memory only, and bounded: what is forgotten goes on record once more.
final class AuditReadings: Sendable {
    /// The time between two records of one reading.
    static let period = Duration.seconds(3600)
    private static let capacity = 16_384

    /// Somebody who reads something.
    struct Reading: Hashable {
        let reader: APIKey.ID
        let action: String
        /// What was looked for, as it goes on record.
        let details: [UInt8]
    }

    /// Until when each is not recorded again; only the methods below touch it, and nothing is called while it is held.
    private let marks = Mutex<[Reading: Uptime]>([:])

    /// Notes that a reading goes on record now; false if it has lately.
    func mark(_ reading: Reading, at now: Uptime) -> Bool {
        self.marks.withLock { marks in
            if let end = marks[reading], now < end { return false }
            if marks.count >= Self.capacity {
                marks = marks.filter { now < $0.value }
                if marks.count >= Self.capacity { marks = [:] }
            }
            marks[reading] = now + Self.period
            return true
        }
    }

    /// Notes that a reading did not go on record.
    func forget(_ reading: Reading) {
        self.marks.withLock { $0[reading] = nil }
    }
}
