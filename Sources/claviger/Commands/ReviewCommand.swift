import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger review …`.
struct ReviewCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at keys one by one, and say which stay as they are.",
        discussion: """
            Example:
              claviger review create "First quarter" --api payments --due 14d \\
                --owner --on-deadline suspend --every 90d
              claviger review items rev_00mC3rQ8kXv1pT5yZbN7aL --state open
            """,
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, ReviewItemsCommand.self, ReviewDecideCommand.self,
            SignOff.self, Cancel.self, ReviewExportCommand.self,
        ]
    )

    static let command = "review"
    static let one = "a review"
    static let path = ["v1", "reviews"]
    static let reference = "The id."
    static let example = "rev_00mC3rQ8kXv1pT5yZbN7aL"

    /// A campaign for a person.
    static func describe(_ review: JSON) -> String {
        var fields = FieldList()
        fields.add("id", review.text("id"))
        fields.add("name", review.text("name"))
        fields.add("state", review.text("state"))
        fields.add("keys of", review.text("filter"))
        fields.add("owners look", review["reviewers"]?["owner"] == true ? "at their keys" : nil)
        fields.add("reviewers", review.text("reviewers", "keys"))
        fields.add("due", review.text("dueAt"))
        fields.add("at the deadline", review.text("onDeadline"))
        fields.add("every", review.text("every"))
        fields.add("next", review.text("repeatsAt"))
        fields.add("after", review.text("follows"))
        fields.add("open", review.text("items", "open"))
        fields.add("decided", review.text("items", "decided"))
        fields.add("lapsed", review.text("items", "lapsed"))
        if let signOff = review["signOff"] {
            fields.add("signed off", "\(signOff.text("at")) by \(signOff.text("by")) \(signOff.text("comment"))")
        }
        fields.add("created", review.text("createdAt"))
        fields.add("created by", review.text("createdBy"))
        return fields.text
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin a review of the keys that live now.",
            discussion: """
                Example:
                  claviger review create "First quarter" --api payments --due 14d \\
                    --owner --on-deadline suspend --every 90d
                """
        )

        enum AtDeadline: String, CaseIterable, ExpressibleByArgument {
            case suspend
            case nothing
        }

        @Argument(help: "A name for people.") var name: String
        @Option(help: ArgumentHelp("The deadline: a time from now such as 14d, or RFC 3339.", valueName: "moment"))
        var due: MomentArgument
        @Option(help: ArgumentHelp("Only keys of this api.", valueName: "name or id")) var api: String?
        @Option(help: ArgumentHelp("Only keys of this environment.", valueName: "name")) var environment: String?
        @Flag(inversion: .prefixedNo, help: "Management keys only, or none of them.") var management: Bool?
        @Flag(help: "Management keys of a key's consumer look at it.") var owner = false
        @Option(help: ArgumentHelp("A management key that looks at all; can be repeated.", valueName: "id"))
        var reviewer: [String] = []
        @Option(help: "What becomes of keys that nobody has looked at in time.") var onDeadline = AtDeadline.nothing
        @Option(help: ArgumentHelp("Begin another one so often, such as 90d.", valueName: "time")) var every: String?
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var filter = Body()
            filter.set("apiId", self.api)
            filter.set("environment", self.environment)
            filter.set("management", self.management.map { .bool($0) })
            var body = Body()
            body.set("name", self.name)
            body.set("dueAt", self.due.text())
            body.set("filter", filter.json)
            body.set(
                "reviewers",
                ["owner": .bool(self.owner), "keys": .array(self.reviewer.map { .string($0) })]
            )
            body.set("onDeadline", self.onDeadline.rawValue)
            body.set("every", self.every)
            try await session.create(ReviewCommand.self, body, self.creation)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List reviews, the newest first.",
            discussion: "Example:\n  claviger review list --state open"
        )

        enum State: String, CaseIterable, ExpressibleByArgument {
            case open
            case due
            case closed
            case cancelled
        }

        @Option(help: "Only reviews in this state.") var state: State?
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ReviewCommand.path,
                [("state", self.state?.rawValue)],
                self.page,
                table: ["ID", "NAME", "STATE", "DUE", "OPEN", "DECIDED", "LAPSED"]
            ) { review in
                [
                    review.text("id"), review.text("name"), review.text("state"), review.text("dueAt"),
                    review.text("items", "open"), review.text("items", "decided"), review.text("items", "lapsed"),
                ]
            }
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a review before its deadline does anything, and the series that it is of.",
            discussion: "Example:\n  claviger review cancel rev_00mC3rQ8kXv1pT5yZbN7aL --comment \"Wrong filter\""
        )

        @Argument(help: "The id of the review.") var review: String
        @Option(help: ArgumentHelp("Why.", valueName: "text")) var comment: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.end(self.review, by: "cancel", self.comment)
        }
    }

    struct SignOff: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "sign-off",
            abstract: "End a review whose keys are decided, or whose deadline is over, and vouch for it.",
            discussion: "Example:\n  claviger review sign-off rev_00mC3rQ8kXv1pT5yZbN7aL --comment \"Complete\""
        )

        @Argument(help: "The id of the review.") var review: String
        @Option(help: ArgumentHelp("What is to be said of it.", valueName: "text")) var comment: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.end(self.review, by: "sign-off", self.comment)
        }
    }
}

extension Session {
    /// Ends a review, and shows how it ended.
    fileprivate func end(_ review: String, by verb: String, _ comment: String?) async throws {
        var body = Body()
        body.set("comment", comment)
        let answer = try await self.client.send(.post, ReviewCommand.path + [review, verb], body: body.json)
        self.show(answer.body, ReviewCommand.describe)
    }
}
