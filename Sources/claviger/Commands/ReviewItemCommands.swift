import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger review items`.
struct ReviewItemsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "items",
        abstract: "List the keys of a review, with the scopes that they have and those that they use.",
        discussion: "Example:\n  claviger review items rev_00mC3rQ8kXv1pT5yZbN7aL --state open"
    )

    enum State: String, CaseIterable, ExpressibleByArgument {
        case open
        case decided
        case lapsed
    }

    @Argument(help: "The id of the review.") var review: String
    @Option(help: "Only keys that stand there.") var state: State?
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.list(
            ReviewCommand.path + [self.review, "items"],
            [("state", self.state?.rawValue)],
            self.page,
            table: ["ITEM", "STATE", "KEY", "NAME", "SCOPES", "USED", "LAST USED", "DECISION"]
        ) { item in
            [
                item.text("id"), item.text("state"), item.text("keyId"), item.text("name"), item.text("scopes"),
                item.text("usage", "proposed"), item.text("lastUsed", "time"), item.text("decision"),
            ]
        }
    }
}

/// The command `claviger review decide`.
struct ReviewDecideCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Say of one key of a review that it stays, gets less, or ends. It counts at once.",
        discussion: """
            Example:
              claviger review decide rev_00mC3rQ8kXv1pT5yZbN7aL \\
                rvi_00mC3rQ8kXv1pT5yZbN7aL reduce --scope invoices.read
            """
    )

    enum Decision: String, CaseIterable, ExpressibleByArgument {
        case keep
        case reduce
        case revoke
    }

    @Argument(help: "The id of the review.") var review: String
    @Argument(help: "The id of the item.") var item: String
    @Argument(help: "What is to become of the key.") var decision: Decision
    @Option(help: ArgumentHelp("With reduce: a scope that it keeps; can be repeated.", valueName: "scope"))
    var scope: [String] = []
    @Flag(help: "With reduce: it keeps no scope of its own.") var noScopes = false
    @Option(help: ArgumentHelp("With reduce: a role that it keeps; can be repeated.", valueName: "name"))
    var role: [String] = []
    @Flag(help: "With reduce: it keeps no role.") var noRoles = false
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var comment: String?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try Exclusive.check([
            ("--scope", !self.scope.isEmpty, "--no-scopes", self.noScopes),
            ("--role", !self.role.isEmpty, "--no-roles", self.noRoles),
        ])
        let hasScopes = self.noScopes || !self.scope.isEmpty
        guard (self.decision == .reduce) == hasScopes else {
            throw ValidationError("Give --scope or --no-scopes with reduce, and only then.")
        }
    }

    func run(_ session: Session) async throws {
        var body = Body()
        body.set("decision", self.decision.rawValue)
        body.set("scopes", list: self.scope)
        if self.noScopes { body.set("scopes", .array([])) }
        body.set("roles", list: self.role)
        if self.noRoles { body.set("roles", .array([])) }
        body.set("comment", self.comment)
        let path = ReviewCommand.path + [self.review, "items", self.item, "decide"]
        session.show(try await session.client.send(.post, path, body: body.json).body) { item in
            var fields = FieldList()
            for (name, member) in [
                ("item", "id"), ("key", "keyId"), ("name", "name"), ("key state", "keyState"), ("scopes", "scopes"),
                ("roles", "roles"), ("decision", "decision"), ("comment", "comment"),
            ] { fields.add(name, item.member(member)) }
            return fields.text
        }
    }
}

/// The command `claviger review export`.
struct ReviewExportCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the keys of a review and what was decided to standard output, for an auditor.",
        discussion: """
            Example:
              claviger review export rev_00mC3rQ8kXv1pT5yZbN7aL --format csv > q1.csv
            """
    )

    @Argument(help: "The id of the review.") var review: String
    @Option(help: "JSON Lines, or comma-separated values with names in the first line.")
    var format = UsageExportCommand.Format.jsonl
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var lines = Console.isTerminal ? PrintableLines() : nil
        let path = ReviewCommand.path + [self.review, "export"]
        try await session.client.stream(path, query: [("format", self.format.rawValue)]) { bytes in
            try Console.write(lines?.add(bytes) ?? bytes)
        }
        try Console.write(lines?.rest ?? [])
    }
}
