import ClavigerCore

/// When an agent has a token replaced.
struct AgentSchedule: Hashable {
    /// How old a token becomes.
    var every: Duration
    /// How long before the rules of the key ask for it.
    var before: Duration

    /// When a token that was made at a moment is to be replaced.
    ///
    /// - Parameter deadline: when the rules of the key want it replaced at the latest.
    func due(createdAt: Timestamp, deadline: Timestamp?) -> Timestamp {
        let age = createdAt + self.every
        guard let deadline else { return age }
        // A time before the deadline that is longer than the token's life would have it replaced again and again.
        return min(age, deadline - min(self.before, max(.zero, (deadline - createdAt) / 2)))
    }

    /// How long after a replacement there is no other, whatever else is due: a mistake in a clock or a rule must not
    /// have a key rotated in a loop.
    var rest: Duration {
        min(max(.seconds(1), self.every / 2), .seconds(1800))
    }

    /// How long to wait after so many failures in a row: from a second to five minutes, each time up to a half longer
    /// at random, so that a fleet does not come back as one.
    static func pause(afterFailures count: Int, from random: some RandomSource) -> Duration {
        let seconds = min(300, 1 << min(max(count - 1, 0), 9))
        let share = random.bytes(1).first.map { Int64($0) } ?? 0
        return .milliseconds(Int64(seconds) * 1000 + Int64(seconds) * 500 * share / 255)
    }
}
