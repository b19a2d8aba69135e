import ArgumentParser
import ClavigerClient
import ClavigerCore

/// Why a key changes its state.
enum TransitionReason: String, CaseIterable, ExpressibleByArgument {
    case superseded
    case unused
    case leaked
    case ownerLeft = "owner_left"
    case privilegeWithdrawn = "privilege_withdrawn"
    case other
}

/// What all transitions take beside the reason.
struct TransitionOptions: ParsableArguments {
    @Argument(help: "The id of the key.") var key: String
    @Option(help: ArgumentHelp("Why, in words.", valueName: "text")) var note: String?
    @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
    var idempotencyKey: String?
}

extension Session {
    fileprivate func transition(
        _ name: String,
        _ options: TransitionOptions,
        _ reason: TransitionReason?
    ) async throws {
        var body = Body()
        body.set("reason", reason?.rawValue)
        body.set("note", options.note)
        let answer = try await self.client.send(
            .post,
            ["v1", "keys", options.key, name],
            body: body.isEmpty ? nil : body.json,
            headers: Session.idempotency(options.idempotencyKey)
        )
        self.show(answer.body, KeyCommand.describe)
    }
}

/// The command `claviger key suspend`.
struct KeySuspendCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Refuse a key until it is resumed.",
        discussion: "Example:\n  claviger key suspend key_00mC3rQ8kXv1pT5yZbN7aL --reason unused"
    )

    @OptionGroup var transition: TransitionOptions
    @Option(help: "Why.") var reason: TransitionReason?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.transition("suspend", self.transition, self.reason)
    }
}

/// The command `claviger key resume`.
struct KeyResumeCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Make a suspended key usable again.",
        discussion: "Example:\n  claviger key resume key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @OptionGroup var transition: TransitionOptions
    @Option(help: "Why.") var reason: TransitionReason?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.transition("resume", self.transition, self.reason)
    }
}

/// The command `claviger key revoke`.
struct KeyRevokeCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Refuse a key for good, at once.",
        discussion: "Example:\n  claviger key revoke key_00mC3rQ8kXv1pT5yZbN7aL --reason leaked"
    )

    @OptionGroup var transition: TransitionOptions
    @Option(help: "Why.") var reason: TransitionReason
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.transition("revoke", self.transition, self.reason)
    }
}

/// The command `claviger key compromise`.
struct KeyCompromiseCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "compromise",
        abstract: "Refuse a key for good, because somebody else has it.",
        discussion: "Example:\n  claviger key compromise key_00mC3rQ8kXv1pT5yZbN7aL --note \"in a public log\""
    )

    @OptionGroup var transition: TransitionOptions
    @Option(help: "Why.") var reason: TransitionReason?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.transition("compromise", self.transition, self.reason)
    }
}
