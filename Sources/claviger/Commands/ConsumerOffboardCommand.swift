import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger consumer offboard`.
struct ConsumerOffboardCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "offboard",
        abstract: "See what depends on a consumer, and suspend, revoke or hand over its keys.",
        discussion: """
            Example:
              claviger consumer offboard acme
              claviger consumer offboard acme --action revoke
              claviger consumer offboard acme --action transfer --to globex --yes

            Without --action nothing is changed. All of its keys are changed, or none.
            """
    )

    enum Action: String, CaseIterable, ExpressibleByArgument {
        case suspend
        case revoke
        case transfer
    }

    @Argument(help: "The external id or the id.") var consumer: String
    @Option(help: "What becomes of its keys.") var action: Action?
    @Option(help: ArgumentHelp("For transfer: who takes them over.", valueName: "external id or id")) var to: String?
    @Option(help: ArgumentHelp("Why, in words.", valueName: "text")) var note: String?
    @OptionGroup var confirmation: ConfirmationOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard (self.action == .transfer) == (self.to != nil) else {
            throw ValidationError("--to is for --action transfer, which needs it.")
        }
    }

    func run(_ session: Session) async throws {
        let path = ["v1", "consumers", try await session.consumerID(self.consumer), "offboard"]
        let preview = try await session.client.send(.post, path + ["preview"]).body
        guard let action else { return session.show(preview, Self.describe) }
        session.note(Self.describe(preview))
        let successor = self.to.map { " to \($0.printable)" } ?? ""
        try self.confirmation.confirm("\(action.rawValue) \(preview.text("count")) keys\(successor)?")
        var body = Body()
        body.set("previewId", preview.text("previewId"))
        body.set("action", action.rawValue)
        body.set("to", self.to)
        body.set("note", self.note)
        let outcome = try await session.client.send(.post, path, body: body.json).body
        session.show(outcome) { BulkCommand.describe(outcome: $0) }
    }

    /// What depends on a consumer, for a person.
    static func describe(_ preview: JSON) -> String {
        var fields = FieldList()
        fields.add("consumer", preview.text("consumer", "externalId"))
        fields.add("live keys", preview.text("count"))
        for plan in preview["plans"]?.array ?? [] { fields.add("plan", plan.text("name")) }
        for hold in preview["reservations"]?.array ?? [] {
            fields.add("reservation", "\(hold.text("id")) of \(hold.text("amount")) until \(hold.text("expiresAt"))")
        }
        var parts = [fields.text]
        let keys = preview["keys"]?.array ?? []
        if !keys.isEmpty {
            parts.append(
                TextTable(
                    columns: ["KEY", "NAME", "STATE", "ENVIRONMENT", "LAST USED"],
                    rows: keys.map { key in
                        ["id", "name", "state", "environment"].map(key.member) + [key.text("lastUsed", "time")]
                    }
                ).text
            )
        }
        let users = preview["users"]?.array ?? []
        if !users.isEmpty {
            parts.append(
                TextTable(
                    columns: ["NETWORK", "USER AGENT", "USES", "LAST USED"],
                    rows: users.map { ["network", "userAgent", "count", "lastUsedAt"].map($0.member) }
                ).text
            )
        }
        return parts.joined(separator: "\n\n")
    }
}
