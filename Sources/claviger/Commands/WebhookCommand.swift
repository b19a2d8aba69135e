import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger webhook …`.
struct WebhookCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Tell other programs of events, signed by Standard Webhooks.",
        discussion: """
            Example:
              claviger webhook create https://hooks.example.com/claviger
              claviger webhook test whe_00mC3rQ8kXv1pT5yZbN7aL
            """,
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, Update.self, DeleteCommand<Self>.self,
            RotateSecret.self, WebhookTestCommand.self, WebhookDeliveriesCommand.self, WebhookReplayCommand.self,
        ]
    )

    static let command = "webhook"
    static let one = "a webhook"
    static let path = ["v1", "webhooks"]
    static let reference = "The id."
    static let example = "whe_00mC3rQ8kXv1pT5yZbN7aL"

    /// An endpoint for a person.
    static func describe(_ webhook: JSON) -> String {
        var fields = FieldList()
        fields.add("id", webhook.text("id"))
        fields.add("url", webhook.text("url"))
        fields.add("description", webhook.text("description"))
        fields.add("events", Self.types(webhook))
        fields.add("state", webhook.text("state"))
        fields.add("failing since", webhook.text("failingSince"))
        fields.add("created", webhook.text("createdAt"))
        fields.add("updated", webhook.text("updatedAt"))
        return fields.text
    }

    fileprivate static func types(_ webhook: JSON) -> String {
        webhook["types"]?.array?.isEmpty == true ? "all" : webhook.text("types")
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an endpoint and show its secret, once.",
            discussion: """
                Example:
                  claviger webhook create https://hooks.example.com/claviger \\
                    --type key.revoked --type key.compromised

                On a pipe the secret stands alone on standard output:
                  umask 077; claviger webhook create https://… > webhook-secret
                """
        )

        @Argument(help: "Where events go; https, unless the server allows http.") var url: String
        @Option(help: ArgumentHelp("An event that it is told of; can be repeated. Without it: all.", valueName: "type"))
        var type: [EventTypeArgument] = []
        @Option(help: ArgumentHelp("What it is for, for people.", valueName: "text"))
        var description: String?
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("url", self.url)
            body.set("description", self.description)
            body.set("types", list: self.type.map(\.text))
            let headers = Session.idempotency(self.creation.idempotencyKey)
            let answer = try await session.client.send(.post, WebhookCommand.path, body: body.json, headers: headers)
            session.showSecret(answer.body)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the endpoints.",
            discussion: "Example:\n  claviger webhook list"
        )

        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                WebhookCommand.path,
                [],
                self.page,
                table: ["ID", "STATE", "FAILING SINCE", "URL", "EVENTS"]
            ) { webhook in
                [
                    webhook.text("id"), webhook.text("state"), webhook.text("failingSince"), webhook.text("url"),
                    WebhookCommand.types(webhook),
                ]
            }
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an endpoint.",
            discussion: """
                Example:
                  claviger webhook update whe_00mC3rQ8kXv1pT5yZbN7aL --disable

                --type replaces all types. What was waiting for a disabled endpoint goes on \
                waiting; what happens meanwhile is not kept for it.
                """
        )

        @Argument(help: "The id.") var webhook: String
        // Not --url, which names the server.
        @Option(help: ArgumentHelp("Where events go.", valueName: "url")) var endpoint: String?
        @Option(help: ArgumentHelp("An event that it is told of; can be repeated.", valueName: "type"))
        var type: [EventTypeArgument] = []
        @Flag(help: "Tell it of all events.") var allTypes = false
        @Option(help: ArgumentHelp("What it is for, for people; empty removes it.", valueName: "text"))
        var description: String?
        @Flag(help: "Send it events.") var enable = false
        @Flag(help: "Send it nothing until it is enabled again.") var disable = false
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            guard !(self.enable && self.disable) else { throw ValidationError("Give --enable or --disable, not both.") }
            guard !self.allTypes || self.type.isEmpty else {
                throw ValidationError("Give --type or --all-types, not both.")
            }
        }

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("url", self.endpoint)
            body.set("description", self.description.map { $0.isEmpty ? .null : .string($0) })
            body.set("types", list: self.type.map(\.text))
            if self.allTypes { body.set("types", JSON.null) }
            if self.enable { body.set("state", "enabled") }
            if self.disable { body.set("state", "disabled") }
            try await session.update(WebhookCommand.self, self.webhook, body, ifMatch: self.change.ifMatch)
        }
    }

    struct RotateSecret: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-secret",
            abstract: "Make a new secret and show it, once; the old one signs too for a while.",
            discussion: """
                Example:
                  claviger webhook rotate-secret whe_00mC3rQ8kXv1pT5yZbN7aL --grace 7d

                --grace 0s ends all former secrets at once, for one that has leaked.
                """
        )

        @Argument(help: "The id.") var webhook: String
        @Option(help: ArgumentHelp("How long the old secret signs too, at most 30d.", valueName: "time"))
        var grace: String?
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("grace", self.grace)
            let answer = try await session.client.send(
                .post,
                WebhookCommand.path + [self.webhook, "rotate-secret"],
                body: body.json,
                headers: Session.idempotency(self.creation.idempotencyKey)
            )
            session.showSecret(answer.body)
        }
    }
}

/// The type of an event, such as `key.revoked`.
struct EventTypeArgument: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard EventType.selectable.contains(where: { $0.rawValue == argument }) else { return nil }
        self.text = argument
    }

    static var allValueStrings: [String] { EventType.selectable.map(\.rawValue) }
}

extension Session {
    /// Shows an endpoint and its secret: the secret alone on standard output where a program reads it.
    fileprivate func showSecret(_ issued: JSON) {
        if self.isJSON {
            Console.out(issued.pretty)
            return
        }
        let secret = issued.text("secret").printable
        let details = WebhookCommand.describe(issued["webhook"] ?? .null)
        if Console.isTerminal, !self.output.quiet {
            Console.out("\(details)\n\n\(secret)\n\nThis is the only time that the secret is shown: keep it now.")
        } else {
            self.note(details)
            Console.out(secret)
        }
    }
}
