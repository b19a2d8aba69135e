import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger consumer …`.
struct ConsumerCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "consumer",
        abstract: "Manage consumers: the owners of keys.",
        discussion: "Example:\n  claviger consumer create acme --kind customer",
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, Update.self, DeleteCommand<Self>.self,
            ConsumerOffboardCommand.self,
        ]
    )

    static let command = "consumer"
    static let one = "a consumer"
    static let deletable: String? = "that has no keys"
    static let path = ["v1", "consumers"]
    static let reference = "The external id or the id."
    static let example = "acme"

    static func id(of reference: String, _ session: Session) async throws -> String {
        try await session.consumerID(reference)
    }

    /// A consumer for a person.
    static func describe(_ consumer: JSON) -> String {
        var fields = FieldList()
        fields.add("id", consumer.text("id"))
        fields.add("external id", consumer.text("externalId"))
        fields.add("kind", consumer.text("kind"))
        fields.add("name", consumer.text("name"))
        fields.addAllowance(consumer)
        fields.add("metadata", consumer.text("metadata"))
        fields.add("created", consumer.text("createdAt"))
        fields.add("updated", consumer.text("updatedAt"))
        return fields.text
    }

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case user
        case service
        case customer
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a consumer.",
            discussion: """
                Example:
                  claviger consumer create acme --kind customer --name "Acme Ltd" \\
                    --limit perDay=10000/24h --credits 1000/month

                All keys of the consumer share its limits and credits.
                """
        )

        @Argument(help: "The consumer's id in your own systems.") var externalId: String
        @Option(help: "What it is.") var kind: Kind
        @Option(help: ArgumentHelp("A name for people.", valueName: "text")) var name: String?
        @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
        var metadata: ObjectArgument?
        @OptionGroup var allowance: OwnerAllowanceOptions
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("externalId", self.externalId)
            body.set("kind", self.kind.rawValue)
            body.set("name", self.name)
            body.set("metadata", self.metadata?.json)
            self.allowance.fill(&body)
            try await session.create(ConsumerCommand.self, body, self.creation)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List consumers.",
            discussion: "Example:\n  claviger consumer list --kind customer"
        )

        @Option(help: "Only consumers of this kind.") var kind: Kind?
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ["v1", "consumers"],
                [("kind", self.kind?.rawValue)],
                self.page,
                table: ["EXTERNAL ID", "KIND", "NAME", "ID", "CREATED"]
            ) { ["externalId", "kind", "name", "id", "createdAt"].map($0.member) }
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a consumer.",
            discussion: """
                Example:
                  claviger consumer update acme --metadata '{"tier": null}'

                --metadata is merged into what is there; null removes a member. An empty \
                --name removes it. --limit replaces all limits, and --credits all that is \
                said about credits.
                """
        )

        @Argument(help: "The external id or the id.") var consumer: String
        @Option(help: ArgumentHelp("Another external id.", valueName: "text")) var externalId: String?
        @Option(help: "What it is.") var kind: Kind?
        @Option(help: ArgumentHelp("A name for people.", valueName: "text")) var name: String?
        @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
        var metadata: ObjectArgument?
        @OptionGroup var allowance: OwnerAllowanceChanges
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("externalId", self.externalId)
            body.set("kind", self.kind?.rawValue)
            body.set("name", self.name.map { $0.isEmpty ? .null : .string($0) })
            body.set("metadata", self.metadata?.json)
            self.allowance.fill(&body)
            try await session.update(ConsumerCommand.self, self.consumer, body, ifMatch: self.change.ifMatch)
        }
    }
}

extension Session {
    /// The id of a consumer that is given by its id or its external id.
    func consumerID(_ text: String) async throws -> String {
        if (try? Consumer.ID(parsing: text)) != nil { return text }
        let page = try await self.client.send(.get, ["v1", "consumers"], query: [("externalId", text)]).body
        guard let id = page["items"]?.array?.first?["id"]?.string else {
            throw CommandFailure.refused(
                "There is no consumer with the external id \(text.printable). One that was deleted has its id only: "
                    + "claviger audit list --action consumer.delete shows it."
            )
        }
        return id
    }
}
