import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger audit …`.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read the audit log, prove what is in it, and verify the whole of it.",
        discussion: "Example:\n  claviger audit list --limit 10\n  claviger audit verify",
        subcommands: [
            List.self, Show.self, AuditTailCommand.self, AuditProveCommand.self, AuditVerifyCommand.self,
            AuditExportCommand.self, AuditKeyCommand.self, AuditHashCommand.self, AuditNewLogCommand.self,
        ]
    )

    enum Outcome: String, CaseIterable, ExpressibleByArgument {
        case done
        case denied
    }

    static func actor(_ event: JSON) -> String {
        event["actor"]?["keyId"]?.string ?? event.text("actor", "kind")
    }

    static func target(_ event: JSON) -> String {
        event["target"]?["id"]?.string ?? event.text("target", "kind")
    }

    /// An event for a person.
    static func describe(_ event: JSON) -> String {
        var fields = FieldList()
        fields.add("index", event.text("index"))
        fields.add("id", event.text("id"))
        fields.add("time", event.text("time"))
        fields.add("action", event.text("action"))
        fields.add("target", "\(event.text("target", "kind")) \(event.text("target", "id"))")
        fields.add("outcome", event.text("outcome"))
        fields.add("reason", event.text("reason"))
        fields.add("actor", Self.actor(event))
        fields.add("actor's consumer", event.text("actor", "consumerId"))
        fields.add("actor's network", Self.personal(event["actor"]?["network"]))
        fields.add("before", event.text("before"))
        fields.add("after", event.text("after"))
        fields.add("request id", event.text("requestId"))
        return fields.text
    }

    /// A personal value: itself, or that it was erased.
    private static func personal(_ value: JSON?) -> String? {
        guard let value else { return nil }
        return value.string ?? "erased (\(value.text("commitment")))"
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List events, the newest first.",
            discussion: """
                Example:
                  claviger audit list --action key.revoke --from 2027-01-01T00:00:00Z
                """
        )

        @Option(help: ArgumentHelp("Only this action, such as key.revoke.", valueName: "action")) var action: String?
        @Option(help: ArgumentHelp("Only what happened to the thing with this id.", valueName: "id"))
        var target: String?
        @Option(help: ArgumentHelp("Only what this management key did.", valueName: "key id")) var actor: String?
        @Option(help: "Only events that ended so.") var outcome: Outcome?
        @Option(help: ArgumentHelp("Only what was asked for from this address.", valueName: "address"))
        var network: String?
        @Option(help: ArgumentHelp("Only what this request did.", valueName: "id")) var request: String?
        @Option(help: ArgumentHelp("Only events at this moment or later (RFC 3339).", valueName: "moment"))
        var from: String?
        @Option(help: ArgumentHelp("Only events before this moment (RFC 3339).", valueName: "moment"))
        var to: String?
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ["v1", "audit", "events"],
                [
                    ("action", self.action), ("targetId", self.target), ("actorId", self.actor),
                    ("outcome", self.outcome?.rawValue), ("network", self.network), ("requestId", self.request),
                    ("from", self.from), ("to", self.to),
                ],
                self.page,
                table: ["INDEX", "TIME", "ACTION", "TARGET", "ACTOR", "OUTCOME", "REASON"]
            ) { event in
                [
                    event.text("index"), event.text("time"), event.text("action"), AuditCommand.target(event),
                    AuditCommand.actor(event), event.text("outcome"), event.text("reason"),
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an event.",
            discussion: "Example:\n  claviger audit show 42"
        )

        @Argument(help: "The index of the event.") var index: UInt64
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let path = ["v1", "audit", "events", String(self.index)]
            session.show(try await session.client.send(.get, path).body, AuditCommand.describe)
        }
    }
}
