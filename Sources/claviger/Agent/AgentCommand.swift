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
            or for less where the rules of the key or an incident want that; meanwhile the program reads the file \
            again. It looks at least every half hour whether the key has to be rotated.

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
    @Option(help: ArgumentHelp("Let the old token work so long, at least 10m.", valueName: "time")) var grace = "24h"
    @Flag(help: "If an even older token is still in its grace, end that at once instead of waiting.")
    var endGrace = false
    @Option(help: ArgumentHelp("Run this after a token was replaced, without a shell.", valueName: "command"))
    var exec: String?
    @Flag(help: "Have a shell read the command of --exec.") var execShell = false
    @Option(help: ArgumentHelp("End the command of --exec when it runs for so long.", valueName: "time"))
    var execTimeout = "5m"
    @Flag(help: "Look once, replace the token if it is time, and end.") var once = false
    @Option(help: ArgumentHelp("Keep metrics in this file, for a text file collector.", valueName: "file"))
    var metricsFile: String?

    func validate() throws {
        let times = [
            ("every", self.every), ("before", self.before), ("grace", self.grace), ("exec-timeout", self.execTimeout),
        ]
        for (name, text) in times {
            guard (try? DurationText.parse(text)) != nil else {
                throw ValidationError("--\(name) must be a time such as 12h or 30d.")
            }
        }
        let shortest = RotationRules.shortestHolderGrace
        guard let grace = try? DurationText.parse(self.grace), grace >= shortest else {
            throw ValidationError("--grace must be at least \(DurationText.text(for: shortest)).")
        }
        guard self.exec != nil || !self.execShell else { throw ValidationError("--exec-shell needs --exec.") }
    }

    func run() async throws {
        ProcessHardening.apply()
        let agent = try self.agent()
        try agent.file.lock()
        if let metricsFile {
            let place = URL(fileURLWithPath: metricsFile)
            SecretFile.removeDrafts(of: [place.lastPathComponent], in: place.deletingLastPathComponent().path)
        }
        var progress = AgentProgress(agent.schedule)
        while true {
            var turn = Agent.Turn()
            var failure: (any Error)?
            do {
                try await agent.take(&turn, mayRotate: progress.mayRotate(at: agent.time.uptime()))
            } catch {
                failure = error
            }
            let pause = progress.take(turn, hasFailed: failure != nil, agent.time, SystemRandom())
            if turn.hasRotated { Console.error("The token in \(agent.file.path) was replaced.") }
            do {
                try self.write(progress.metrics)
            } catch {
                failure = failure ?? error
            }
            let failures = [turn.commandFailure, failure].compactMap(\.self)
            if self.once {
                for other in failures.dropLast() { Console.error(ErrorReport(other).text) }
                if let last = failures.last { throw last }
                return
            }
            for each in failures { Console.error(ErrorReport(each).text) }
            try await Task.sleep(for: pause)
        }
    }

    private func agent() throws -> Agent {
        let random = SystemRandom()
        let environment = ProcessInfo.processInfo.environment["CLAVIGER_URL"]
        let url = try (self.url ?? environment).map { try ServerURL(parsing: $0) } ?? .standard
        let limit = try DurationText.parse(self.execTimeout)
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
            request: AgentRequest(
                grace: try DurationText.parse(self.grace),
                endsOlderGrace: self.endGrace
            ),
            after: try self.exec.map { try AfterCommand($0, usesShell: self.execShell, limit: limit) },
            time: SystemTime(),
            random: random
        )
    }

    func write(_ metrics: AgentMetrics) throws {
        guard let metricsFile else { return }
        do throws(SecretFileError) {
            // Readable by the collector, and replaced in one step so that it never reads half of them.
            try SecretFile.replace(metricsFile, Array(metrics.text.utf8), mode: 0o644, random: SystemRandom())
        } catch {
            throw CommandFailure.refused("The metrics cannot be written to \(metricsFile).")
        }
    }
}
