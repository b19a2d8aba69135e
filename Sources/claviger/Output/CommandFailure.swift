/// Why a command did not do what it was asked, with what to do about it.
struct CommandFailure: Error, Hashable {
    /// The exit code of the process.
    var status: ExitStatus
    /// One clear sentence.
    var message: String
    /// Further lines.
    var details: [String] = []

    /// The command cannot be used like this.
    static func usage(_ message: String) -> Self {
        CommandFailure(status: .usage, message: message)
    }

    /// The command was understood, and the answer is no.
    static func refused(_ message: String) -> Self {
        CommandFailure(status: .refused, message: message)
    }
}

extension CommandFailure: CustomStringConvertible {
    var description: String {
        (["Error: \(self.message)"] + self.details.map { "  \($0)" }).joined(separator: "\n")
    }
}

/// The exit codes of every command.
enum ExitStatus: Int32, Sendable {
    /// It is done.
    case done = 0
    /// The server or the machine refused, or there is no such thing.
    case refused = 1
    /// The command or the configuration cannot be used.
    case usage = 2
    /// There is no connection to the server.
    case unreachable = 3
}
