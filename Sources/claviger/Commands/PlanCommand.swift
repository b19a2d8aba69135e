import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger plan …`.
struct PlanCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Manage plans: rate limits and credits that many keys share the numbers of.",
        discussion: """
            Example:
              claviger plan create free --limit burst=10/1s --credits 1000/month
              claviger key update key_00mC3rQ8kXv1pT5yZbN7aL --plan free
            """,
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, Update.self, Suspend.self, Resume.self,
            DeleteCommand<Self>.self,
        ]
    )

    static let command = "plan"
    static let one = "a plan"
    static let deletable: String? = "that no key and no consumer has"
    static let path = ["v1", "plans"]
    static let example = "free"

    /// A plan for a person.
    static func describe(_ plan: JSON) -> String {
        var fields = FieldList()
        fields.add("id", plan.text("id"))
        fields.add("name", plan.text("name"))
        fields.add("state", plan.text("state"))
        fields.add("description", plan.text("description"))
        fields.addAllowance(plan)
        fields.add("created", plan.text("createdAt"))
        fields.add("updated", plan.text("updatedAt"))
        return fields.text
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a plan.",
            discussion: """
                Example:
                  claviger plan create free --limit burst=10/1s --limit day=5000/24h \\
                    --credits 1000/month
                """
        )

        @Argument(help: "The name: a lower-case letter, then lower-case letters, digits and hyphens.")
        var name: String
        @OptionGroup var allowance: AllowanceOptions
        @Option(help: ArgumentHelp("What it is for, for people.", valueName: "text"))
        var description: String?
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("name", self.name)
            body.set("description", self.description)
            self.allowance.fill(&body)
            try await session.create(PlanCommand.self, body, self.creation)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the plans.",
            discussion: "Example:\n  claviger plan list"
        )

        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                PlanCommand.path,
                [],
                self.page,
                table: ["NAME", "STATE", "LIMITS", "CREDITS", "ID", "DESCRIPTION"]
            ) { plan in
                [
                    plan.text("name"), plan.text("state"),
                    (plan["limits"]?.array ?? []).map(\.limitText).joined(separator: " "),
                    plan["credits"]?.creditsText ?? "", plan.text("id"), plan.text("description"),
                ]
            }
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a plan, for all keys that have it, at once.",
            discussion: """
                Example:
                  claviger plan update free --limit burst=20/1s

                --limit replaces all limits, and --credits all that is said about credits. An \
                empty --description removes it.
                """
        )

        @Argument(help: "The name or the id.") var plan: String
        @OptionGroup var allowance: AllowanceChanges
        @Option(help: ArgumentHelp("What it is for, for people.", valueName: "text"))
        var description: String?
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("description", self.description.map { $0.isEmpty ? .null : .string($0) })
            self.allowance.fill(&body)
            try await session.update(PlanCommand.self, self.plan, body, ifMatch: self.change.ifMatch)
        }
    }

    struct Suspend: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse all keys of a plan until it is resumed.",
            discussion: "Example:\n  claviger plan suspend free"
        )

        @Argument(help: "The name or the id.") var plan: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(.post, PlanCommand.path + [self.plan, "suspend"])
            session.show(answer.body, PlanCommand.describe)
        }
    }

    struct Resume: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the keys of a suspended plan be used again.",
            discussion: "Example:\n  claviger plan resume free"
        )

        @Argument(help: "The name or the id.") var plan: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(.post, PlanCommand.path + [self.plan, "resume"])
            session.show(answer.body, PlanCommand.describe)
        }
    }
}
