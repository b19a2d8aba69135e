import ClavigerCore
import Foundation

/// The clock of the machine, for apps that do not pass in another one.
///
/// The only place of this module that asks for the time.
struct MachineTime: TimeSource {
    private static let start = ContinuousClock.now

    func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
    }

    func uptime() -> Uptime {
        Uptime(nanoseconds: 0) + Self.start.duration(to: .now)
    }
}
