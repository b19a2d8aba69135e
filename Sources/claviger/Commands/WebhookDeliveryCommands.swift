import ArgumentParser
import ClavigerClient
import ClavigerCore

/// A delivery for a person.
private func describe(_ delivery: JSON) -> String {
    var fields = FieldList()
    fields.add("id", delivery.text("id"))
    fields.add("event", delivery.text("event", "type"))
    fields.add("event id", delivery.text("event", "id"))
    fields.add("about", delivery.text("event", "subject"))
    fields.add("state", delivery.text("state"))
    fields.add("attempts", delivery.text("attempts"))
    fields.add("last attempt", delivery.text("lastAttemptAt"))
    fields.add("last status", delivery.text("lastStatus"))
    fields.add("last failure", delivery.text("lastFailure"))
    fields.add("next attempt", delivery.text("nextAttemptAt"))
    fields.add("created", delivery.text("createdAt"))
    fields.add("finished", delivery.text("finishedAt"))
    return fields.text
}

/// The command `claviger webhook test`.
struct WebhookTestCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Send an endpoint a test event and show what became of it.",
        discussion: """
            Example:
              claviger webhook test whe_00mC3rQ8kXv1pT5yZbN7aL

            The exit code is 0 when the endpoint answered with 2xx.
            """
    )

    /// A little longer than the longest attempt.
    private static let patience = 70

    @Argument(help: "The id.") var webhook: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var answer = try await session.client.send(.post, WebhookCommand.path + [self.webhook, "test"])
        let path = WebhookCommand.path + [self.webhook, "deliveries", answer.body.text("id")]
        for _ in 0..<(Self.patience * 5) where answer.body["state"] == "pending" {
            try await Task.sleep(for: .milliseconds(200))
            answer = try await session.client.send(.get, path)
        }
        session.show(answer.body, describe)
        if answer.body["state"] != "delivered" { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}

/// The command `claviger webhook deliveries`.
struct WebhookDeliveriesCommand: ClientCommand {
    enum State: String, CaseIterable, ExpressibleByArgument {
        case pending, delivered, dead
    }

    static let configuration = CommandConfiguration(
        commandName: "deliveries",
        abstract: "List what was sent to an endpoint, and what is still to be sent.",
        discussion: """
            Example:
              claviger webhook deliveries whe_00mC3rQ8kXv1pT5yZbN7aL --state dead
            """
    )

    @Argument(help: "The id.") var webhook: String
    @Option(help: "Only those in this state.") var state: State?
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.list(
            WebhookCommand.path + [self.webhook, "deliveries"],
            [("state", self.state?.rawValue)],
            self.page,
            table: ["ID", "EVENT", "ABOUT", "STATE", "ATTEMPTS", "LAST", "NEXT ATTEMPT"]
        ) { delivery in
            let last = [delivery.text("lastStatus"), delivery.text("lastFailure")].filter { !$0.isEmpty }
            return [
                delivery.text("id"), delivery.text("event", "type"), delivery.text("event", "subject"),
                delivery.text("state"), delivery.text("attempts"), last.joined(separator: " "),
                delivery.text("nextAttemptAt"),
            ]
        }
    }
}

/// The command `claviger webhook replay`.
struct WebhookReplayCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send again what was given up, or one delivery.",
        discussion: """
            Example:
              claviger webhook replay whe_00mC3rQ8kXv1pT5yZbN7aL --all-dead
              claviger webhook replay whe_00mC3rQ8kXv1pT5yZbN7aL \\
                dlv_00mC3rQcU3pX6hN8tB1wJa
            """
    )

    @Argument(help: "The id of the webhook.") var webhook: String
    @Argument(help: "The id of a delivery.") var delivery: String?
    @Flag(help: "Send everything that was given up.") var allDead = false
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard (self.delivery != nil) != self.allDead else {
            throw ValidationError("Give the id of a delivery, or --all-dead.")
        }
    }

    func run(_ session: Session) async throws {
        let path = WebhookCommand.path + [self.webhook, "deliveries"]
        if let delivery = self.delivery {
            session.show(try await session.client.send(.post, path + [delivery, "replay"]).body, describe)
        } else {
            session.show(try await session.client.send(.post, path + ["replay"]).body) {
                "\($0.text("replayed")) are sent again."
            }
        }
    }
}
