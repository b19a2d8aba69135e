import ArgumentParser
import ClavigerClient
import ClavigerCore

/// How long a credential that was replaced can still be used.
struct GraceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Let the old token work so long; 0 ends it at once.", valueName: "time"))
    var grace: String?
    @Option(help: ArgumentHelp("Let the old token work until this moment, in RFC 3339.", valueName: "time"))
    var until: String?
    @Option(help: ArgumentHelp("Let the old token work until nobody has used it for so long.", valueName: "time"))
    var quietFor: String?

    func validate() throws {
        guard [self.grace, self.until, self.quietFor].compactMap(\.self).count <= 1 else {
            throw ValidationError("Give one of --grace, --until and --quiet-for.")
        }
    }

    func fill(_ body: inout Body) {
        body.set("grace", self.grace)
        body.set("until", self.until)
        body.set("quietFor", self.quietFor)
    }
}

/// The command `claviger key rotate`.
struct KeyRotateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a key its next token and show it, once; the old one works for a while.",
        discussion: """
            Example:
              claviger key rotate key_00mC3rQ8kXv1pT5yZbN7aL --grace 24h

            The key stays the same, with its limits, credits and history. Without a flag the \
            old token works for 24 hours. `claviger key rotation` shows who still uses it.

            On a pipe the token stands alone on standard output:
              umask 077; claviger key rotate key_… > acme-token
            """
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "The old token") var grace: GraceOptions
    @Flag(help: "If an older token is still in its grace, end that at once.") var endGrace = false
    @Option(help: "Why.") var reason: TransitionReason?
    @OptionGroup var change: ChangeOptions
    @OptionGroup var creation: CreationOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var body = Body()
        self.grace.fill(&body)
        body.set("endGrace", self.endGrace ? true : nil)
        body.set("reason", self.reason?.rawValue)
        let answer = try await session.client.send(
            .post,
            ["v1", "keys", self.key, "rotate"],
            body: body.json,
            headers: Session.idempotency(self.creation.idempotencyKey) + Session.precondition(self.change.ifMatch)
        )
        session.showIssued(answer.body)
    }
}

/// The command `claviger key rotation`.
struct KeyRotationCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotation",
        abstract: "Show who still uses the token of a key that was replaced last.",
        discussion: "Example:\n  claviger key rotation key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(
            try await session.client.send(.get, ["v1", "keys", self.key, "rotation"]).body,
            Self.describe
        )
    }

    /// A rotation for a person.
    static func describe(_ report: JSON) -> String {
        var fields = FieldList()
        fields.add("current", report.text("current", "id"))
        fields.add("since", report.text("current", "createdAt"))
        fields.add("rotate by", report.text("mustRotateBy"))
        let isInGrace = report["retiring"]?.object != nil
        let replaced = isInGrace ? report["retiring"] : report["retired"]
        guard let replaced, replaced.object != nil else {
            fields.add("replaced", "none")
            return fields.text
        }
        fields.add("replaced", "\(replaced.text("credentialId")) at \(replaced.text("replacedAt"))")
        fields.add("works until", replaced.text("graceEndsAt"))
        fields.add("or is quiet for", replaced.text("quietFor"))
        fields.add("ended", replaced.text("retiredAt"))
        fields.add("last used", replaced["lastUsedAt"]?.string ?? "not since it was replaced")
        let users = replaced["users"]?.array ?? []
        guard !users.isEmpty else { return fields.text }
        let table = TextTable(
            columns: ["NETWORK", "USER AGENT", "COUNT", "LAST USED"],
            rows: users.map { [$0.text("network"), $0.text("userAgent"), $0.text("count"), $0.text("lastUsedAt")] }
        )
        return fields.text + "\n\n" + table.text
    }
}

/// The command `claviger key rotation-end`.
struct KeyRotationEndCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotation-end",
        abstract: "Refuse the replaced tokens of a key from now on.",
        discussion: "Example:\n  claviger key rotation-end key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup var change: ChangeOptions
    @OptionGroup var creation: CreationOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(
            .post,
            ["v1", "keys", self.key, "rotation", "end"],
            headers: Session.idempotency(self.creation.idempotencyKey) + Session.precondition(self.change.ifMatch)
        )
        session.show(answer.body, KeyCommand.describe)
    }
}

/// The command `claviger key rotation-extend`.
struct KeyRotationExtendCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotation-extend",
        abstract: "Let the replaced token of a key work for longer.",
        discussion: "Example:\n  claviger key rotation-extend key_00mC3rQ8kXv1pT5yZbN7aL --grace 48h"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "The old token, from now on") var grace: GraceOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var creation: CreationOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var body = Body()
        self.grace.fill(&body)
        try body.checkNotEmpty()
        let answer = try await session.client.send(
            .post,
            ["v1", "keys", self.key, "rotation", "extend"],
            body: body.json,
            headers: Session.idempotency(self.creation.idempotencyKey) + Session.precondition(self.change.ifMatch)
        )
        session.show(answer.body, KeyCommand.describe)
    }
}
