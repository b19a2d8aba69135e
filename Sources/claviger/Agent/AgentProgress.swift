import ClavigerCore

/// What an agent that goes on and on remembers from one turn to the next.
struct AgentProgress {
    /// The longest time between two looks: the rules of the key may change.
    private static let longestPause = Duration.seconds(1800)
    private static let shortestPause = Duration.seconds(1)

    private(set) var metrics = AgentMetrics()
    private let schedule: AgentSchedule
    /// Turns that failed in a row.
    private var failures = 0
    /// Runs of the command that failed in a row.
    private var failedCommands = 0
    /// No token is replaced before.
    private var restsUntil: Uptime?

    init(_ schedule: AgentSchedule) {
        self.schedule = schedule
    }

    /// Whether the last replacement is long enough ago for another.
    func mayRotate(at uptime: Uptime) -> Bool {
        self.restsUntil.map { $0 <= uptime } ?? true
    }

    /// Takes in what became of a turn; answers how long to wait for the next one.
    mutating func take(
        _ turn: Agent.Turn,
        hasFailed: Bool,
        _ time: any TimeSource,
        _ random: some RandomSource
    ) -> Duration {
        let uptime = time.uptime()
        self.failures = hasFailed ? self.failures + 1 : 0
        self.failedCommands = turn.commandFailure == nil ? 0 : self.failedCommands + 1
        self.metrics.failures += hasFailed ? 1 : 0
        self.metrics.failedCommands += turn.commandFailure == nil ? 0 : 1
        self.metrics.isWorking = !hasFailed
        self.metrics.isTold = turn.commandFailure == nil
        self.metrics.tokenCreatedAt = turn.createdAt ?? self.metrics.tokenCreatedAt
        self.metrics.dueAt = turn.dueAt
        if turn.hasRotated {
            self.metrics.rotations += 1
            self.restsUntil = uptime + self.schedule.rest
        }
        var pause = Self.longestPause
        if hasFailed {
            pause = AgentSchedule.pause(afterFailures: self.failures, from: random)
        } else if turn.hasRotated {
            // What comes next is known from the server.
            pause = Self.shortestPause
        } else if let due = turn.dueAt {
            let rest = self.restsUntil.map { $0 - uptime } ?? .zero
            pause = min(pause, max(due - time.now(), rest, Self.shortestPause))
        }
        guard self.failedCommands > 0 else { return pause }
        return min(pause, AgentSchedule.pause(afterFailures: self.failedCommands, from: random))
    }
}
