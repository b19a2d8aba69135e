import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger api …`.
struct APICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api",
        abstract: "Manage apis: the services that keys are for.",
        discussion: "Example:\n  claviger api create payments --prefix pay --scope invoices.read",
        subcommands: [Create.self, List.self, Show.self, Update.self, Delete.self]
    )

    /// An api for a person.
    static func describe(_ api: JSON) -> String {
        var fields = FieldList()
        fields.add("id", api.text("id"))
        fields.add("name", api.text("name"))
        fields.add("prefix", api.text("prefix"))
        fields.add("description", api.text("description"))
        fields.add("environments", Self.environments(api))
        fields.add("scopes", (api["scopes"]?.array ?? []).map { $0.text("name") }.joined(separator: " "))
        fields.add("default lifetime", api.text("defaults", "lifetime"))
        fields.add("created", api.text("createdAt"))
        fields.add("updated", api.text("updatedAt"))
        return fields.text
    }

    private static func environments(_ api: JSON) -> String {
        (api["environments"]?.array ?? []).map { "\($0.text("name")):\($0.text("tag"))" }.joined(separator: " ")
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an api.",
            discussion: """
                Example:
                  claviger api create payments --prefix pay --scope invoices.read

                Without --environment there are production:live, staging:stage and \
                development:test. Without --scope keys may have any scope.
                """
        )

        @Argument(help: "The name: a lower-case letter, then lower-case letters, digits and hyphens.")
        var name: String
        @Option(help: "The beginning of the api's tokens.")
        var prefix: String
        @Option(help: ArgumentHelp("A scope that keys may have; can be repeated.", valueName: "name[=description]"))
        var scope: [CatalogueArgument] = []
        @Option(help: ArgumentHelp("An environment and the tag of its tokens; can be repeated.", valueName: "name:tag"))
        var environment: [EnvironmentArgument] = []
        @Option(help: ArgumentHelp("What it is, for people.", valueName: "text"))
        var description: String?
        @Option(help: ArgumentHelp("How long keys live when nothing is said, such as 90d.", valueName: "time"))
        var defaultLifetime: String?
        @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
        var idempotencyKey: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("name", self.name)
            body.set("prefix", self.prefix)
            body.set("description", self.description)
            body.set("environments", self.environment.isEmpty ? nil : .array(self.environment.map(\.json)))
            body.set("scopes", self.scope.isEmpty ? nil : .array(self.scope.map(\.json)))
            body.set("defaults", self.defaultLifetime.map { ["lifetime": .string($0)] })
            let headers = Session.idempotency(self.idempotencyKey)
            let answer = try await session.client.send(.post, ["v1", "apis"], body: body.json, headers: headers)
            session.show(answer.body, APICommand.describe)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the apis.",
            discussion: "Example:\n  claviger api list"
        )

        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ["v1", "apis"],
                [],
                self.page,
                table: ["NAME", "PREFIX", "ENVIRONMENTS", "ID", "DESCRIPTION"]
            ) { api in
                [
                    api.text("name"), api.text("prefix"), APICommand.environments(api), api.text("id"),
                    api.text("description"),
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an api.",
            discussion: "Example:\n  claviger api show payments"
        )

        @Argument(help: "The name or the id.") var api: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            session.show(try await session.client.send(.get, ["v1", "apis", self.api]).body, APICommand.describe)
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an api.",
            discussion: """
                Example:
                  claviger api update payments --default-lifetime 90d

                --scope and --environment replace the whole list. An empty --description \
                or --default-lifetime removes it.
                """
        )

        @Argument(help: "The name or the id.") var api: String
        @Option(help: ArgumentHelp("What it is, for people.", valueName: "text"))
        var description: String?
        @Option(help: ArgumentHelp("A scope that keys may have; can be repeated.", valueName: "name[=description]"))
        var scope: [CatalogueArgument] = []
        @Option(help: ArgumentHelp("An environment and the tag of its tokens; can be repeated.", valueName: "name:tag"))
        var environment: [EnvironmentArgument] = []
        @Option(help: ArgumentHelp("How long keys live when nothing is said, such as 90d.", valueName: "time"))
        var defaultLifetime: String?
        @Option(help: ArgumentHelp("Change only this version, as in the ETag.", valueName: "version"))
        var ifMatch: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("description", self.description.map { $0.isEmpty ? .null : .string($0) })
            body.set("environments", self.environment.isEmpty ? nil : .array(self.environment.map(\.json)))
            body.set("scopes", self.scope.isEmpty ? nil : .array(self.scope.map(\.json)))
            body.set("defaults", self.defaultLifetime.map { ["lifetime": $0.isEmpty ? .null : .string($0)] })
            let answer = try await session.patch(["v1", "apis", self.api], body, ifMatch: self.ifMatch)
            session.show(answer.body, APICommand.describe)
        }
    }

    struct Delete: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an api that has no keys.",
            discussion: "Example:\n  claviger api delete payments"
        )

        @Argument(help: "The name or the id.") var api: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            _ = try await session.client.send(.delete, ["v1", "apis", self.api])
            session.deleted("api \(self.api.printable)")
        }
    }
}
