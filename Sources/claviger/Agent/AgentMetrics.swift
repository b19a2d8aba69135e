import ClavigerCore

/// What an agent has done, for the text file collector of Prometheus' node exporter.
struct AgentMetrics {
    /// Tokens that were replaced since the start.
    var rotations = 0
    /// Attempts that failed since the start.
    var failures = 0
    /// Runs of the command of `--exec` that failed since the start.
    var failedCommands = 0
    /// Whether the last attempt went well.
    var isWorking = true
    /// Whether the programs that use the token have been told of it.
    var isTold = true
    /// When the token in the file was made.
    var tokenCreatedAt: Timestamp?
    /// When it is to be replaced.
    var dueAt: Timestamp?

    /// The metrics in the text format 0.0.4.
    var text: String {
        var lines: [String] = []
        func add(_ name: String, _ type: String, _ help: String, _ value: Int64?) {
            guard let value else { return }
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)", "\(name) \(value)"]
        }
        add("claviger_agent_rotations_total", "counter", "Tokens that were replaced.", Int64(self.rotations))
        add("claviger_agent_failures_total", "counter", "Attempts that failed.", Int64(self.failures))
        add(
            "claviger_agent_exec_failures_total",
            "counter",
            "Runs of the command of --exec that failed.",
            Int64(self.failedCommands)
        )
        add(
            "claviger_agent_exec_done",
            "gauge",
            "Whether the command of --exec has been run for the token in the file.",
            self.isTold ? 1 : 0
        )
        add("claviger_agent_working", "gauge", "Whether the last attempt went well.", self.isWorking ? 1 : 0)
        add(
            "claviger_agent_token_created_timestamp_seconds",
            "gauge",
            "When the token in the file was made.",
            self.tokenCreatedAt.map { $0.milliseconds / 1000 }
        )
        add(
            "claviger_agent_token_due_timestamp_seconds",
            "gauge",
            "When the token is to be replaced.",
            self.dueAt.map { $0.milliseconds / 1000 }
        )
        return lines.joined(separator: "\n") + "\n"
    }
}
