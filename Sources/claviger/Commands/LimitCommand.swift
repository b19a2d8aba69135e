import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger limit …`.
struct LimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Count against rate limits, and make exceptions from them.",
        discussion: """
            Example:
              claviger limit check login bob@acme.com --limit try=5/1m

            The limits of keys, consumers, plans and apis are given where those are \
            created and updated, with --limit.
            """,
        subcommands: [Check.self, LimitOverrideCommand.self]
    )

    struct Check: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count a use of something that has no key.",
            discussion: """
                Example:
                  claviger limit check login bob@acme.com --limit try=5/1m --limit day=50/24h

                The exit code is 0 when it is allowed and 1 when it is not; what is refused \
                uses up nothing. With --cost 0 it only tells what is left.
                """
        )

        @Argument(help: "Keeps counters apart: a name that you make up, such as login.") var namespace: String
        @Argument(help: "For whom or what to count, such as a user name.") var identifier: String
        @OptionGroup var limits: LimitOptions
        @Option(help: ArgumentHelp("How many requests it counts as.", valueName: "number")) var cost = 1
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            guard !self.limits.limit.isEmpty else {
                throw ValidationError("Give at least one limit, such as --limit try=5/1m.")
            }
        }

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("namespace", self.namespace)
            body.set("identifier", self.identifier)
            self.limits.fill(&body)
            body.set("cost", .integer(Int64(self.cost)))
            let answer = try await session.client.send(.post, ["v1", "limits", "check"], body: body.json)
            session.show(answer.body, Self.describe)
            // The decision has been shown; it is no error to explain.
            if answer.body["allowed"]?.bool != true { throw ExitCode(ExitStatus.refused.rawValue) }
        }

        static func describe(_ answer: JSON) -> String {
            var fields = FieldList()
            fields.add("allowed", answer["allowed"]?.bool == true ? "yes" : "no")
            let limits = (answer["limits"]?.array ?? []).compactMap(LimitState.init)
            fields.add("limits", lines: limits.map(\.sentence))
            return fields.text
        }
    }
}

/// The command `claviger limit override …`.
struct LimitOverrideCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "override",
        abstract: "Manage other numbers of a limit for some consumers or identifiers.",
        discussion: """
            Example:
              claviger limit override create payments '*@acme.com' --limit burst=1000/1m
            """,
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, Update.self, DeleteCommand<Self>.self,
        ]
    )

    static let command = "limit override"
    static let one = "a limit override"
    static let path = ["v1", "limits", "overrides"]
    static let reference = "The id."
    static let example = "lov_00mC3rQ8kXv1pT5yZbN7aL"

    /// An override for a person.
    static func describe(_ override: JSON) -> String {
        var fields = FieldList()
        fields.add("id", override.text("id"))
        fields.add("namespace", override.text("namespace"))
        fields.add("identifier", override.text("identifier"))
        fields.add("limit", override["limit"]?.limitText)
        fields.add("created", override.text("createdAt"))
        fields.add("updated", override.text("updatedAt"))
        return fields.text
    }

    /// The one limit of an override.
    struct Limit: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The limit with the name of the one that it replaces, such as burst=1000/1m.",
                valueName: RateLimit.form
            ),
            transform: RateLimit.init(argument:)
        )
        var limit: RateLimit
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an override.",
            discussion: """
                Example:
                  claviger limit override create payments '*@acme.com' --limit burst=1000/1m

                An * in the identifier stands for any characters: keep it from the shell with \
                quotes.
                """
        )

        @Argument(help: "The name of an api, or the namespace of `limit check`.") var namespace: String
        @Argument(help: "The external id of a consumer, or the identifier of `limit check`.") var identifier: String
        @OptionGroup var limit: Limit
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("namespace", self.namespace)
            body.set("identifier", self.identifier)
            body.set("limit", self.limit.limit.json)
            try await session.create(LimitOverrideCommand.self, body, self.creation)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the overrides.",
            discussion: "Example:\n  claviger limit override list --namespace payments"
        )

        @Option(help: ArgumentHelp("Only those of this api or namespace.", valueName: "name")) var namespace: String?
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                LimitOverrideCommand.path,
                [("namespace", self.namespace)],
                self.page,
                table: ["ID", "NAMESPACE", "IDENTIFIER", "LIMIT", "CREATED"]
            ) { override in
                [
                    override.text("id"), override.text("namespace"), override.text("identifier"),
                    override["limit"]?.limitText ?? "", override.text("createdAt"),
                ]
            }
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the numbers of an override.",
            discussion: """
                Example:
                  claviger limit override update lov_00mC3rQ8kXv1pT5yZbN7aL --limit burst=500/1m
                """
        )

        @Argument(help: "The id.") var override: String
        @OptionGroup var limit: Limit
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("limit", self.limit.limit.json)
            try await session.update(LimitOverrideCommand.self, self.override, body, ifMatch: self.change.ifMatch)
        }
    }
}
