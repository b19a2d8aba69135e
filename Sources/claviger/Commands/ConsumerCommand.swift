import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger consumer …`.
struct ConsumerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consumer",
        abstract: "Manage consumers: the owners of keys.",
        discussion: "Example:\n  claviger consumer create acme --kind customer",
        subcommands: [Create.self, List.self, Show.self, Update.self, Delete.self]
    )

    /// A consumer for a person.
    static func describe(_ consumer: JSON) -> String {
        var fields = FieldList()
        fields.add("id", consumer.text("id"))
        fields.add("external id", consumer.text("externalId"))
        fields.add("kind", consumer.text("kind"))
        fields.add("name", consumer.text("name"))
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
            discussion: "Example:\n  claviger consumer create acme --kind customer --name \"Acme Ltd\""
        )

        @Argument(help: "The consumer's id in your own systems.") var externalId: String
        @Option(help: "What it is.") var kind: Kind
        @Option(help: ArgumentHelp("A name for people.", valueName: "text")) var name: String?
        @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
        var metadata: ObjectArgument?
        @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
        var idempotencyKey: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("externalId", self.externalId)
            body.set("kind", self.kind.rawValue)
            body.set("name", self.name)
            body.set("metadata", self.metadata?.json)
            let headers = Session.idempotency(self.idempotencyKey)
            let answer = try await session.client.send(.post, ["v1", "consumers"], body: body.json, headers: headers)
            session.show(answer.body, ConsumerCommand.describe)
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

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a consumer.",
            discussion: "Example:\n  claviger consumer show acme"
        )

        @Argument(help: "The external id or the id.") var consumer: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let id = try await session.consumerID(self.consumer)
            session.show(try await session.client.send(.get, ["v1", "consumers", id]).body, ConsumerCommand.describe)
        }
    }

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a consumer.",
            discussion: """
                Example:
                  claviger consumer update acme --metadata '{"tier": null}'

                --metadata is merged into what is there; null removes a member. An empty \
                --name removes it.
                """
        )

        @Argument(help: "The external id or the id.") var consumer: String
        @Option(help: ArgumentHelp("Another external id.", valueName: "text")) var externalId: String?
        @Option(help: "What it is.") var kind: Kind?
        @Option(help: ArgumentHelp("A name for people.", valueName: "text")) var name: String?
        @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
        var metadata: ObjectArgument?
        @Option(help: ArgumentHelp("Change only this version, as in the ETag.", valueName: "version"))
        var ifMatch: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("externalId", self.externalId)
            body.set("kind", self.kind?.rawValue)
            body.set("name", self.name.map { $0.isEmpty ? .null : .string($0) })
            body.set("metadata", self.metadata?.json)
            let id = try await session.consumerID(self.consumer)
            let answer = try await session.patch(["v1", "consumers", id], body, ifMatch: self.ifMatch)
            session.show(answer.body, ConsumerCommand.describe)
        }
    }

    struct Delete: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a consumer that has no keys.",
            discussion: "Example:\n  claviger consumer delete acme"
        )

        @Argument(help: "The external id or the id.") var consumer: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let id = try await session.consumerID(self.consumer)
            _ = try await session.client.send(.delete, ["v1", "consumers", id])
            session.deleted("consumer \(self.consumer.printable)")
        }
    }
}

extension Session {
    /// The id of a consumer that is given by its id or its external id.
    func consumerID(_ text: String) async throws -> String {
        if (try? Consumer.ID(parsing: text)) != nil { return text }
        let page = try await self.client.send(.get, ["v1", "consumers"], query: [("externalId", text)]).body
        guard let id = page["items"]?.array?.first?["id"]?.string else {
            throw CommandFailure.refused("There is no consumer with the external id \(text.printable).")
        }
        return id
    }
}
