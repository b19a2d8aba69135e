import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger role …`.
struct RoleCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "role",
        abstract: "Manage roles: named sets of scopes.",
        discussion: "Example:\n  claviger role create pipeline --scope apis.payments.staging.keys.create",
        subcommands: [Create.self, List.self, ShowCommand<Self>.self, Update.self, DeleteCommand<Self>.self]
    )

    static let command = "role"
    static let one = "a role"
    static let deletable: String? = "that no key has"
    static let path = ["v1", "roles"]
    static let example = "pipeline"

    /// A role for a person.
    static func describe(_ role: JSON) -> String {
        var fields = FieldList()
        fields.add("id", role.text("id"))
        fields.add("name", role.text("name"))
        fields.add("description", role.text("description"))
        fields.add("scopes", role.text("scopes"))
        fields.add("built in", role["builtIn"]?.bool == true ? "yes" : "no")
        fields.add("created", role.text("createdAt"))
        fields.add("updated", role.text("updatedAt"))
        return fields.text
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a role.",
            discussion: "Example:\n  claviger role create pipeline --scope apis.payments.staging.keys.create"
        )

        @Argument(help: "The name: a lower-case letter, then lower-case letters, digits and hyphens.")
        var name: String
        @Option(help: ArgumentHelp("A scope of the role; can be repeated.", valueName: "scope"))
        var scope: [String] = []
        @Option(help: ArgumentHelp("What it is for, for people.", valueName: "text"))
        var description: String?
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("name", self.name)
            body.set("description", self.description)
            body.set("scopes", .array(self.scope.map { .string($0) }))
            try await session.create(RoleCommand.self, body, self.creation)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the roles.",
            discussion: "Example:\n  claviger role list"
        )

        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ["v1", "roles"],
                [],
                self.page,
                table: ["NAME", "BUILT IN", "ID", "SCOPES"]
            ) { role in
                let builtIn = role["builtIn"]?.bool == true ? "yes" : "no"
                return [role.text("name"), builtIn, role.text("id"), role.text("scopes")]
            }
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a role, for all keys that have it.",
            discussion: """
                Example:
                  claviger role update pipeline --scope apis.payments.staging.keys.read

                --scope replaces all scopes; --no-scopes removes them. An empty \
                --description removes it.
                """
        )

        @Argument(help: "The name or the id.") var role: String
        @Option(help: ArgumentHelp("A scope of the role; can be repeated.", valueName: "scope"))
        var scope: [String] = []
        @Flag(help: "Remove all scopes.") var noScopes = false
        @Option(help: ArgumentHelp("What it is for, for people.", valueName: "text"))
        var description: String?
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try Exclusive.check([("--scope", !self.scope.isEmpty, "--no-scopes", self.noScopes)])
        }

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("description", self.description.map { $0.isEmpty ? .null : .string($0) })
            body.set("scopes", list: self.scope)
            body.set("scopes", self.noScopes ? .array([]) : nil)
            try await session.update(RoleCommand.self, self.role, body, ifMatch: self.change.ifMatch)
        }
    }
}
