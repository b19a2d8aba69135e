import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger policy …`.
struct PolicyCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Say what keys must be like, and see which are not.",
        discussion: """
            Example:
              claviger policy template > production.yaml
              claviger policy diff production production.yaml
              claviger policy set production production.yaml
              claviger policy check
            """,
        subcommands: [
            Set.self, List.self, PolicyShowCommand.self, Versions.self, PolicyDiffCommand.self,
            PolicyCheckCommand.self, PolicyTemplateCommand.self, DeleteCommand<Self>.self,
        ]
    )

    static let command = "policy"
    static let one = "a policy"
    static let path = ["v1", "policies"]
    static let reference = "The name."
    static let example = "production"

    /// A policy for a person.
    static func describe(_ policy: JSON) -> String {
        var fields = FieldList()
        fields.add("name", policy.text("name"))
        fields.add("version", policy.text("version"))
        fields.add("created", policy.text("createdAt"))
        fields.add("updated", policy.text("updatedAt"))
        fields.add("by", policy.text("updatedBy"))
        return fields.text
    }

    struct Set: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a policy, or give it a new version.",
            discussion: """
                Example:
                  claviger policy set production production.yaml
                  claviger policy set production production.yaml --dry-run

                The file is YAML or JSON. A policy that none of the keys meets is refused, with \
                the numbers; --force takes it all the same. See them first with \
                `claviger policy diff`, which is what --dry-run does too.
                """
        )

        @Argument(help: "The name: a lower-case letter, then lower-case letters, digits and hyphens.")
        var name: String
        @Argument(help: "The file; - for standard input.") var file: String
        @Flag(help: "Only show what would change.") var dryRun = false
        @Flag(help: "Take it although no key meets it.") var force = false
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try StandardInput.check([("the policy", self.file)], self.server)
        }

        func run(_ session: Session) async throws {
            let document = try PolicyFile.read(self.file)
            let query = (self.dryRun ? [("dryRun", "true")] : []) + (self.force ? [("force", "true")] : [])
            let answer = try await session.client.send(
                .put,
                PolicyCommand.path + [self.name],
                query: query,
                body: document,
                headers: Session.precondition(self.change.ifMatch)
            )
            session.show(answer.body, self.dryRun ? PolicyDiffText.text : PolicyCommand.describe)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies.",
            discussion: "Example:\n  claviger policy list"
        )

        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                PolicyCommand.path,
                [],
                self.page,
                table: ["NAME", "VERSION", "APIS", "ENVIRONMENTS", "UPDATED", "DESCRIPTION"]
            ) { policy in
                let reach = policy["document"]?["appliesTo"]
                func names(_ member: String) -> String {
                    let names = (reach?[member]?.array ?? []).compactMap(\.string)
                    return names.isEmpty ? "all" : names.joined(separator: " ")
                }
                return [
                    policy.text("name"), policy.text("version"), names("apis"), names("environments"),
                    policy.text("updatedAt"), policy.text("document", "description"),
                ]
            }
        }
    }

    struct Versions: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the versions of a policy, the newest first.",
            discussion: "Example:\n  claviger policy versions production"
        )

        @Argument(help: "The name.") var name: String
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                PolicyCommand.path + [self.name, "versions"],
                [],
                self.page,
                table: ["VERSION", "CREATED", "BY", "WHAT"]
            ) { version in
                let isDeleted = version["deleted"]?.bool == true
                return [
                    version.text("version"), version.text("createdAt"), version.text("createdBy"),
                    isDeleted ? "deleted" : version.text("document", "description"),
                ]
            }
        }
    }
}

/// The command `claviger policy show`.
struct PolicyShowCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a policy asks for, as YAML that can be given back.",
        discussion: """
            Example:
              claviger policy show production > production.yaml
              claviger policy show production --at 3
            """
    )

    @Argument(help: "The name.") var name: String
    @Option(help: ArgumentHelp("An earlier version.", valueName: "number")) var at: Int?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(
            .get,
            PolicyCommand.path + [self.name],
            query: [("version", self.at.map { String($0) })].given
        )
        session.show(answer.body) { policy in
            let head = "# \(self.name.printable), version \(policy.text("version"))"
            guard let document = policy["document"] else { return "\(head): deleted" }
            return "\(head)\n\(YAMLWriter.text(document))"
        }
    }
}
