import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger key …`.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Create, look at, verify and revoke keys.",
        discussion: """
            Example:
              claviger key create "Acme production" --api payments \\
                --environment production --consumer acme
            """,
        subcommands: [
            KeyCreateCommand.self, KeyBatchCommand.self, KeyListCommand.self, KeyShowCommand.self,
            KeyUpdateCommand.self, KeySuspendCommand.self, KeyResumeCommand.self, KeyRevokeCommand.self,
            KeyCompromiseCommand.self, KeyDeleteCommand.self, KeyCredentialsCommand.self, KeyVerifyCommand.self,
            KeyRotateCommand.self, KeyRotationCommand.self, KeyRotationEndCommand.self, KeyRotationExtendCommand.self,
            KeyExplainCommand.self, KeyWhatIfCommand.self, KeyScopeUsageCommand.self, KeyHistoryCommand.self,
        ]
    )

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case secret
        case publishable
    }

    enum State: String, CaseIterable, ExpressibleByArgument {
        case pending
        case active
        case suspended
        case revoked
        case compromised
        case expired
        case destroyed
    }

    /// A key for a person.
    static func describe(_ key: JSON) -> String {
        var fields = FieldList()
        fields.add("id", key.text("id"))
        fields.add("name", key.text("name"))
        fields.add("state", key.text("state"))
        fields.add("reason", key.text("reason"))
        fields.add("note", key.text("note"))
        fields.add("since", key.text("stateChangedAt"))
        fields.add("changed by", key.text("stateChangedBy"))
        fields.add("api", key.text("apiId"))
        fields.add("environment", key.text("environment"))
        fields.add("consumer", key.text("consumerId"))
        fields.add("kind", key.text("kind"))
        fields.add("scopes", key.text("scopes"))
        fields.add("roles", key.text("roles"))
        fields.add("not before", key.text("notBefore"))
        fields.add("expires", key["expiresAt"]?.string ?? "never")
        fields.addRestrictions(key["restrictions"])
        fields.addAllowance(key)
        fields.add("metadata", key.text("metadata"))
        fields.add("last used", Self.lastUse(key["lastUsed"]))
        fields.add("token starts", key.text("start"))
        fields.add("created", key.text("createdAt"))
        fields.add("created by", key.text("createdBy"))
        fields.add("updated", key.text("updatedAt"))
        return fields.text
    }

    private static func lastUse(_ use: JSON?) -> String? {
        guard let use else { return nil }
        var text = use.text("time")
        if let ip = use["ip"]?.string { text += " from \(ip)" }
        if let agent = use["userAgent"]?.string { text += " by \(agent)" }
        return text
    }
}

/// The command `claviger key list`.
struct KeyListCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List keys.",
        discussion: "Example:\n  claviger key list --api payments --state active"
    )

    @Option(help: ArgumentHelp("Only keys of this api.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("Only keys of this environment.", valueName: "name")) var environment: String?
    @Option(help: ArgumentHelp("Only keys of this consumer.", valueName: "external id or id")) var consumer: String?
    @Option(help: "Only keys in this state.") var state: KeyCommand.State?
    @Option(help: ArgumentHelp("Only keys with exactly this name.", valueName: "text")) var name: String?
    @Option(help: ArgumentHelp("Only the key with this lookup id, the public part of a token.", valueName: "id"))
    var lookupId: String?
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var consumerID: String?
        if let consumer { consumerID = try await session.consumerID(consumer) }
        try await session.list(
            ["v1", "keys"],
            [
                ("apiId", self.api), ("environment", self.environment), ("consumerId", consumerID),
                ("state", self.state?.rawValue), ("name", self.name), ("lookupId", self.lookupId),
            ],
            self.page,
            table: ["ID", "NAME", "STATE", "ENVIRONMENT", "SCOPES", "EXPIRES", "TOKEN STARTS"]
        ) { key in
            [
                key.text("id"), key.text("name"), key.text("state"), key.text("environment"), key.text("scopes"),
                key["expiresAt"]?.string ?? "never", key.text("start"),
            ]
        }
    }
}

/// The command `claviger key show`.
struct KeyShowCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a key.",
        discussion: "Example:\n  claviger key show key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(try await session.client.send(.get, ["v1", "keys", self.key]).body, KeyCommand.describe)
    }
}

/// The command `claviger key credentials`.
struct KeyCredentialsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "List the secret versions of a key, without anything secret.",
        discussion: "Example:\n  claviger key credentials key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(.get, ["v1", "keys", self.key, "credentials"])
        session.show(answer.body) { list in
            var table = TextTable(columns: ["ID", "LOOKUP ID", "STATE", "RETIRES", "PEPPER", "CREATED"])
            for credential in list["items"]?.array ?? [] {
                table.add(
                    ["id", "lookupId", "state", "retiresAt", "pepperVersion", "createdAt"].map(credential.member)
                )
            }
            return table.text
        }
    }
}

/// The command `claviger key delete`.
struct KeyDeleteCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Erase the hash of a key that is revoked, compromised or expired; its record stays.",
        discussion: "Example:\n  claviger key delete key_00mC3rQ8kXv1pT5yZbN7aL"
    )

    @Argument(help: "The id of the key.") var key: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(try await session.client.send(.delete, ["v1", "keys", self.key]).body, KeyCommand.describe)
    }
}
