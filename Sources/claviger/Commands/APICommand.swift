import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger api …`.
struct APICommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "api",
        abstract: "Manage apis: the services that keys are for.",
        discussion: "Example:\n  claviger api create payments --prefix pay --scope invoices.read",
        subcommands: [
            Create.self, List.self, ShowCommand<Self>.self, Update.self, APIRestrictCommand.self,
            APIApprovalCommand.self,
            DeleteCommand<Self>.self,
        ]
    )

    static let command = "api"
    static let one = "an api"
    static let deletable: String? = "that has no keys"
    static let path = ["v1", "apis"]
    static let example = "payments"

    /// An api for a person.
    static func describe(_ api: JSON) -> String {
        var fields = FieldList()
        fields.add("id", api.text("id"))
        fields.add("name", api.text("name"))
        fields.add("prefix", api.text("prefix"))
        fields.add("description", api.text("description"))
        fields.add("environments", Self.environments(api))
        for environment in api["environments"]?.array ?? [] {
            let name = environment.text("name")
            fields.addRestrictions(environment["restrictions"]?["required"], prefix: "\(name) only ")
            fields.addRestrictions(environment["restrictions"]?["defaults"], prefix: "\(name) default ")
        }
        let scopes = api["scopes"]?.array ?? []
        fields.add("scopes", Self.names(scopes.filter { $0["publishable"]?.bool != true }))
        fields.add("publishable scopes", Self.names(scopes.filter { $0["publishable"]?.bool == true }))
        fields.add("default lifetime", api.text("defaults", "lifetime"))
        let rules = api["endpointRules"]?.array ?? []
        fields.add("endpoint rules", lines: rules.map(Self.rule))
        if !rules.isEmpty { fields.add("all other endpoints", api.text("whenNoRuleMatches")) }
        fields.addAllowance(api)
        fields.add("leaked keys", Self.leakPolicies(api))
        fields.add("created", api.text("createdAt"))
        fields.add("updated", api.text("updatedAt"))
        return fields.text
    }

    private static func environments(_ api: JSON) -> String {
        (api["environments"]?.array ?? []).map { environment in
            ["name", "tag", "publishableTag"].map(environment.member).filter { !$0.isEmpty }.joined(separator: ":")
        }.joined(separator: " ")
    }

    /// What becomes of leaked keys, with the environments that say something else.
    private static func leakPolicies(_ api: JSON) -> String {
        let others = (api["environments"]?.array ?? []).compactMap { environment in
            environment["leakPolicy"]?.string.map { "\(environment.text("name")): \($0)" }
        }
        return ([api.text("leakPolicy")] + others).filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private static func names(_ scopes: [JSON]) -> String {
        scopes.map { $0.text("name") }.joined(separator: " ")
    }

    private static func rule(_ rule: JSON) -> String {
        let methods = rule["methods"]?.array?.map(\.cell).joined(separator: ",") ?? "*"
        var text = "\(methods) \(rule.text("path"))"
        if let scopes = rule["scopes"]?.string { text += " needs \(scopes)" }
        if let cost = rule["cost"]?.integer { text += " costs \(cost)" }
        return text
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
        @OptionGroup var fields: APIFields
        @OptionGroup var limits: LimitOptions
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try StandardInput.check([("the endpoint rules", self.fields.endpointRules)], self.server)
        }

        func run(_ session: Session) async throws {
            var body = Body()
            body.set("name", self.name)
            body.set("prefix", self.prefix)
            body.set("environments", self.fields.environments())
            try self.fields.fill(&body, isNew: true)
            self.limits.fill(&body)
            try await session.create(APICommand.self, body, self.creation)
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
                APICommand.path,
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

    struct Update: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an api.",
            discussion: """
                Example:
                  claviger api update payments --endpoint-rules rules.json \\
                    --when-no-rule-matches deny --limit all=1000/1s

                --scope, --publishable-scope and --environment replace the whole list; an \
                environment that stays keeps its restrictions. An empty --description or \
                --default-lifetime removes it.

                The rules are a JSON array:
                  [{"methods": ["GET"], "path": "/v1/invoices/{id}/**",
                    "scopes": "invoices.read", "cost": 1}]
                """
        )

        @Argument(help: "The name or the id.") var api: String
        @OptionGroup var fields: APIFields
        @OptionGroup var limits: LimitChanges
        @OptionGroup var change: ChangeOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try StandardInput.check([("the endpoint rules", self.fields.endpointRules)], self.server)
        }

        func run(_ session: Session) async throws {
            var body = Body()
            try self.fields.fill(&body, isNew: false)
            self.limits.fill(&body)
            var version = self.change.ifMatch
            if !self.fields.environment.isEmpty {
                let current = try await session.fetch(APICommand.self, self.api)
                body.set("environments", self.fields.environments(current.body["environments"]?.array ?? []))
                version = version ?? current.entityTag
            }
            try await session.update(APICommand.self, self.api, body, ifMatch: version)
        }
    }
}

/// What can be said about an api when it is created and later.
struct APIFields: ParsableArguments {
    enum Otherwise: String, CaseIterable, ExpressibleByArgument {
        case deny
        case allow
    }

    enum LeakPolicy: String, CaseIterable, ExpressibleByArgument {
        case compromise
        case suspend
        case report
    }

    @Option(help: ArgumentHelp("What it is, for people.", valueName: "text"))
    var description: String?
    @Option(help: ArgumentHelp("A scope that keys may have; can be repeated.", valueName: "name[=description]"))
    var scope: [CatalogueArgument] = []
    @Option(
        help: ArgumentHelp(
            "A scope that publishable keys may have too; can be repeated.",
            valueName: "name[=description]"
        )
    )
    var publishableScope: [CatalogueArgument] = []
    @Option(
        help: ArgumentHelp(
            "An environment, the tag of its tokens and that of publishable ones; can be repeated.",
            valueName: "name:tag[:tag]"
        )
    )
    var environment: [EnvironmentArgument] = []
    @Option(help: ArgumentHelp("How long keys live when nothing is said, such as 90d.", valueName: "time"))
    var defaultLifetime: String?
    @Option(help: ArgumentHelp("The endpoint rules as a JSON array; - for standard input.", valueName: "file"))
    var endpointRules: String?
    @Option(help: "What becomes of a request that no endpoint rule is for.")
    var whenNoRuleMatches: Otherwise?
    @Option(help: "What becomes of keys whose tokens are found where they do not belong.")
    var leakPolicy: LeakPolicy?

    func fill(_ body: inout Body, isNew: Bool) throws {
        // Of something new, nothing has to be removed.
        func text(_ text: String) -> JSON { text.isEmpty && !isNew ? .null : .string(text) }
        body.set("description", self.description.map(text))
        let scopes =
            self.scope.map { $0.json(isPublishable: false) }
            + self.publishableScope.map { $0.json(isPublishable: true) }
        body.set("scopes", scopes.isEmpty ? nil : .array(scopes))
        body.set("defaults", self.defaultLifetime.map { ["lifetime": text($0)] })
        if let endpointRules {
            let json = try JSONFile.read(endpointRules)
            // What `api show` gives is as good as the list alone.
            body.set("endpointRules", json["endpointRules"] ?? json)
            body.set("whenNoRuleMatches", json["whenNoRuleMatches"])
        }
        body.set("whenNoRuleMatches", self.whenNoRuleMatches?.rawValue)
        body.set("leakPolicy", self.leakPolicy?.rawValue)
    }

    /// The environments, with what those of the same name have now and that options do not tell; nil if none is given.
    func environments(_ current: [JSON] = []) -> JSON? {
        guard !self.environment.isEmpty else { return nil }
        return .array(
            self.environment.map { environment in
                guard let now = current.first(where: { $0["name"]?.string == environment.name })?.object,
                    let given = environment.json.object
                else { return environment.json }
                return .object(now.merging(given))
            }
        )
    }
}
