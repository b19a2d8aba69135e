import ArgumentParser
import ClavigerClient
import ClavigerCore
import Foundation

/// Keeps the token in a file fresh: `claviger agent`.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Keep the token of a key in a file fresh.",
        discussion: """
            Runs beside a program that uses a key, has the key rotated with its own token, and puts the next one into \
            the file: in one step, and so that the agent may be killed at any moment. The old token works for --grace, \
            in which the program reads the file again.

            Examples:
              claviger agent --token-file /etc/acme/token \\
                --url https://keys.example.com --exec 'systemctl reload acme'
              claviger agent --token-file ./token --every 7d --once
            """
    )

    @Option(help: ArgumentHelp("The file with the token, mode 0600; its folder must be writable.", valueName: "file"))
    var tokenFile: String
    @Option(help: ArgumentHelp("Call this server. (CLAVIGER_URL)", valueName: "url")) var url: String?
    @Option(help: ArgumentHelp("Trust the authorities in this PEM file instead of the system's.", valueName: "file"))
    var caFile: String?
    @Flag(help: "Allow sending the token in clear text to another machine.") var insecureHttp = false
    @Option(help: ArgumentHelp("Replace a token that is so old.", valueName: "time")) var every = "30d"
    @Option(help: ArgumentHelp("Replace it so long before the rules of the key ask for it.", valueName: "time"))
    var before = "10d"
    @Option(help: ArgumentHelp("Let the old token work so long.", valueName: "time")) var grace = "24h"
    @Flag(help: "If an even older token is still in its grace, end that at once instead of waiting.")
    var endGrace = false
    @Option(help: ArgumentHelp("Run this after a token was replaced, without a shell.", valueName: "command"))
    var exec: String?
    @Flag(help: "Have a shell read the command of --exec.") var execShell = false
    @Flag(help: "Look once, replace the token if it is time, and end.") var once = false
    @Option(help: ArgumentHelp("Keep metrics in this file, for a text file collector.", valueName: "file"))
    var metricsFile: String?

    /// The longest time between two looks: the rules of the key may change.
    private static let longestPause = Duration.seconds(3600)
    private static let shortestPause = Duration.seconds(1)

    func validate() throws {
        for (name, text) in [("every", self.every), ("before", self.before), ("grace", self.grace)] {
            guard (try? DurationText.parse(text)) != nil else {
                throw ValidationError("--\(name) must be a time such as 12h or 30d.")
            }
        }
        guard self.exec != nil || !self.execShell else { throw ValidationError("--exec-shell needs --exec.") }
    }

    func run() async throws {
        ProcessHardening.apply()
        let agent = try self.agent()
        try agent.file.lock()
        var metrics = AgentMetrics()
        var failures = 0
        while true {
            var pause = Self.longestPause
            do {
                let turn = try await agent.turn()
                failures = 0
                metrics.isWorking = true
                if turn.hasRotated {
                    metrics.rotations += 1
                    Console.error("The token in \(agent.file.path) was replaced.")
                    // What comes next is known from the server.
                    pause = Self.shortestPause
                }
                metrics.tokenCreatedAt = turn.createdAt ?? metrics.tokenCreatedAt
                metrics.dueAt = turn.dueAt
                if let due = turn.dueAt { pause = min(pause, max(due - agent.time.now(), Self.shortestPause)) }
                try self.write(metrics)
                if self.once { return }
            } catch {
                if self.once { throw error }
                failures += 1
                metrics.failures += 1
                metrics.isWorking = false
                Console.error(ErrorReport(error).text)
                try? self.write(metrics)
                pause = AgentSchedule.pause(afterFailures: failures, from: SystemRandom())
            }
            try await Task.sleep(for: pause)
        }
    }

    private func agent() throws -> Agent {
        let random = SystemRandom()
        let environment = ProcessInfo.processInfo.environment["CLAVIGER_URL"]
        let url = try (self.url ?? environment).map { try ServerURL(parsing: $0) } ?? .standard
        var body = Body()
        body.set("grace", self.grace)
        body.set("endGrace", self.endGrace ? true : nil)
        return Agent(
            file: try AgentTokenFile(self.tokenFile, random: random),
            settings: ClavigerClient.Settings(
                url: url,
                authorityFile: self.caFile,
                allowsPlaintext: self.insecureHttp
            ),
            schedule: AgentSchedule(
                every: try DurationText.parse(self.every),
                before: try DurationText.parse(self.before)
            ),
            request: body.json,
            after: try self.exec.map { try AfterCommand($0, usesShell: self.execShell) },
            time: SystemTime(),
            random: random
        )
    }

    private func write(_ metrics: AgentMetrics) throws {
        guard let metricsFile else { return }
        let draft = metricsFile + ".new"
        do {
            try Data(metrics.text.utf8).write(to: URL(fileURLWithPath: draft))
        } catch {
            throw CommandFailure.refused("The metrics cannot be written to \(metricsFile).")
        }
        guard rename(draft, metricsFile) == 0 else {
            throw CommandFailure.refused("The metrics cannot be written to \(metricsFile).")
        }
    }
}
