import ArgumentParser
import ClavigerClient
import ClavigerCore

/// A kind of thing that has a collection in the API and a command of its own.
protocol Resource {
    /// The command, such as `limit override`.
    static var command: String { get }
    /// One of them, such as `an api`.
    static var one: String { get }
    /// Which of them can be deleted, for example `that has no keys`; nil for all.
    static var deletable: String? { get }
    /// The path of the collection.
    static var path: [String] { get }
    /// How one of them is named, for a person.
    static var reference: String { get }
    /// A name for examples.
    static var example: String { get }

    /// One of them for a person.
    static func describe(_ json: JSON) -> String
    /// What stands in the path for what was named.
    static func id(of reference: String, _ session: Session) async throws -> String
}

extension Resource {
    static var deletable: String? { nil }
    static var reference: String { "The name or the id." }

    static func id(of reference: String, _ session: Session) async throws -> String { reference }

    /// The kind of thing, such as `api`.
    fileprivate static var noun: String { Self.one.split(separator: " ").dropFirst().joined(separator: " ") }
    /// What the argument is called in the help.
    fileprivate static var valueName: String { Self.noun.split(separator: " ").last.map(String.init) ?? Self.noun }
}

/// What all commands take that create something.
struct CreationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
    var idempotencyKey: String?
}

/// What all commands take that change something.
struct ChangeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Change only this version, as in the ETag.", valueName: "version"))
    var ifMatch: String?
}

extension Session {
    /// Creates a thing and shows it.
    func create<R: Resource>(_ kind: R.Type, _ body: Body, _ options: CreationOptions) async throws {
        let headers = Session.idempotency(options.idempotencyKey)
        let answer = try await self.client.send(.post, kind.path, body: body.json, headers: headers)
        self.show(answer.body, kind.describe)
    }

    /// Fetches a thing.
    func fetch<R: Resource>(_ kind: R.Type, _ reference: String) async throws -> Answer {
        try await self.client.send(.get, kind.path + [try await kind.id(of: reference, self)])
    }

    /// Changes a thing and shows it.
    func update<R: Resource>(
        _ kind: R.Type,
        _ reference: String,
        _ body: Body,
        ifMatch: String?
    ) async throws {
        // Before anything is asked of the server.
        try body.checkNotEmpty()
        let path = kind.path + [try await kind.id(of: reference, self)]
        self.show(try await self.patch(path, body, ifMatch: ifMatch).body, kind.describe)
    }
}

/// The command `… show`.
struct ShowCommand<Kind: Resource>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show",
            abstract: "Show \(Kind.one).",
            discussion: "Example:\n  claviger \(Kind.command) show \(Kind.example)"
        )
    }

    @Argument(help: ArgumentHelp("\(Kind.reference)", valueName: Kind.valueName)) var reference: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(try await session.fetch(Kind.self, self.reference).body, Kind.describe)
    }
}

/// The command `… delete`.
struct DeleteCommand<Kind: Resource>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete",
            abstract: "Delete \(Kind.one)\(Kind.deletable.map { " \($0)" } ?? "").",
            discussion: "Example:\n  claviger \(Kind.command) delete \(Kind.example)"
        )
    }

    @Argument(help: ArgumentHelp("\(Kind.reference)", valueName: Kind.valueName)) var reference: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let id = try await Kind.id(of: self.reference, session)
        _ = try await session.client.send(.delete, Kind.path + [id])
        session.deleted("\(Kind.noun) \(self.reference.printable)")
    }
}
