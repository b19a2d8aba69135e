import ArgumentParser
import Foundation

/// The command line.
@main
struct Claviger: AsyncParsableCommand {
    /// The version of this program.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "claviger",
        abstract: "Issue, verify and revoke API keys.",
        discussion: """
            The first three commands:
              claviger serve --data ./data
              claviger profile add local --token-file ./data/first-management-key
              claviger api create payments --prefix pay

            Every command shows an example with --help. Commands that call the server \
            take the address from --url, CLAVIGER_URL or a profile, and the management \
            key from --token-file, CLAVIGER_TOKEN or a profile.

            Exit codes: 0 done, 1 refused or not found, 2 wrong usage or configuration, 3 server unreachable.

            Completions: claviger --generate-completion-script bash|zsh|fish
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [
                    ServeCommand.self, ProxyCommand.self, ConfigCommand.self, BackupCommand.self, RestoreCommand.self,
                    RecoverCommand.self, ReadyCommand.self, WitnessCommand.self,
                ]
            ),
            CommandGroup(
                name: "Keys",
                subcommands: [
                    APICommand.self, ConsumerCommand.self, PlanCommand.self, RoleCommand.self, KeyCommand.self,
                    PolicyCommand.self,
                    RequestCommand.self, ReviewCommand.self,
                    BulkCommand.self,
                    ImportCommand.self,
                ]
            ),
            CommandGroup(
                name: "Limits and use",
                subcommands: [LimitCommand.self, CreditCommand.self, UsageCommand.self]
            ),
            CommandGroup(
                name: "Oversight",
                subcommands: [
                    AuditCommand.self, WebhookCommand.self, LeakCommand.self, HygieneCommand.self, KeyringCommand.self,
                    JobsCommand.self, PrivacyCommand.self,
                ]
            ),
            CommandGroup(name: "You", subcommands: [SelfCommand.self, AgentCommand.self, ProfileCommand.self]),
        ]
    )

    /// Runs the command that the arguments name, and ends the process with one of the documented codes.
    static func main() async {
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            var report = ErrorReport(error)
            if report.status == ExitStatus.usage.rawValue, !(error is CommandFailure),
                let failure = MistypedCommand.failure(in: Array(CommandLine.arguments.dropFirst()))
            {
                report = ErrorReport(failure)
            }
            if !report.text.isEmpty {
                report.status == 0 ? Console.out(report.text) : Console.error(report.text)
            }
            Foundation.exit(report.status)
        }
    }
}
