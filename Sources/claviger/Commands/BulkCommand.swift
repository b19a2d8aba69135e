import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger bulk …`.
struct BulkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Suspend, resume, revoke and otherwise change many keys at once.",
        discussion: """
            Example:
              claviger bulk run revoke --api payments --idle-for 90d --reason unused
            """,
        subcommands: [Preview.self, Apply.self, Run.self]
    )

    enum Action: String, CaseIterable, ExpressibleByArgument {
        case suspend
        case resume
        case revoke
        case compromise
        case destroy
        case setExpiry
        case requireRotation
    }

    /// A preview for a person.
    static func describe(_ preview: JSON) -> String {
        var fields = FieldList()
        fields.add("preview", preview.text("previewId"))
        fields.add("keys", preview.text("count"))
        fields.add("not affected", preview["unaffected"] == .integer(0) ? nil : preview.text("unaffected"))
        fields.add("confirm until", preview.text("expiresAt"))
        for place in preview["places"]?.array ?? [] {
            fields.add("\(place.text("apiId")) \(place.text("environment"))", place.text("count"))
        }
        let sample = preview["sample"]?.array ?? []
        guard !sample.isEmpty else { return fields.text }
        let table = TextTable(
            columns: ["ID", "NAME", "STATE", "ENVIRONMENT", "TOKEN STARTS"],
            rows: sample.map { key in ["id", "name", "state", "environment", "start"].map(key.member) }
        )
        return fields.text + "\n\nSome of them:\n" + table.text
    }

    /// What was done, for a person.
    static func describe(outcome: JSON) -> String {
        "\(outcome.text("action")): \(outcome.text("count")) keys, at \(outcome.text("appliedAt"))."
    }

    struct Preview: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look which keys a change would take; nothing is changed.",
            discussion: """
                Example:
                  claviger bulk preview revoke --created-by key_00mC3rQ8kXv1pT5yZbN7aL
                  claviger bulk preview setExpiry --expires 30d --tag team=blue

                The answer names the preview, which `claviger bulk apply` carries out within \
                15 minutes, on exactly these keys.
                """
        )

        @OptionGroup var change: BulkOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            session.show(try await session.previewBulk(self.change), { BulkCommand.describe($0) })
        }
    }

    struct Apply: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Carry out what a preview showed, on exactly its keys.",
            discussion: """
                Example:
                  claviger bulk apply prv_00mC3rQ8kXv1pT5yZbN7aL

                When it returns, the keys are what the preview says, all of them. It is \
                refused when any of them was changed since, or another one fits.
                """
        )

        @Argument(help: "The id of the preview.") var preview: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try self.confirmation.confirm("Carry out what the preview \(self.preview.printable) showed?")
            try await session.applyBulk(self.preview)
        }
    }

    struct Run: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look which keys a change would take, ask, and carry it out.",
            discussion: """
                Example:
                  claviger bulk run suspend --last-used-from 203.0.113.0/24
                  claviger bulk run revoke --plan trial --idle-for 90d --reason unused --yes
                  claviger bulk run requireRotation --within 24h --api payments

                With requireRotation, keys that have no new token by then are suspended, and old tokens that their \
                holders replace are over by then. Agents look every half hour: it is at least 1h.
                """
        )

        @OptionGroup var change: BulkOptions
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let preview = try await session.previewBulk(self.change)
            session.note(BulkCommand.describe(preview))
            guard preview["count"] != .integer(0) else { return session.note("There is nothing to do.") }
            try self.confirmation.confirm("\(self.change.action.rawValue) \(preview.text("count")) keys?")
            try await session.applyBulk(preview.text("previewId"))
        }
    }
}

/// What is done, and to which keys.
struct BulkOptions: ParsableArguments {
    @Argument(help: "What is done to the keys.") var action: BulkCommand.Action
    @Option(help: "Why.") var reason: TransitionReason?
    @Option(help: ArgumentHelp("Why, in words.", valueName: "text")) var note: String?
    @Option(help: ArgumentHelp("For setExpiry: a time from now such as 90d, or RFC 3339.", valueName: "moment"))
    var expires: MomentArgument?
    @Option(help: ArgumentHelp("For requireRotation: how long there is, such as 24h, at least 1h.", valueName: "time"))
    var within: String?
    @Flag(help: "Every key of the workspace.") var allKeys = false
    @Option(help: ArgumentHelp("Only keys of this api.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("Only keys of this environment.", valueName: "name")) var environment: String?
    @Option(help: ArgumentHelp("Only keys of this consumer.", valueName: "external id or id")) var consumer: String?
    @Option(help: ArgumentHelp("Only keys with this plan, also by their consumer.", valueName: "name or id"))
    var plan: String?
    @Option(help: ArgumentHelp("Only keys with this in their metadata; can be repeated.", valueName: "name=value"))
    var tag: [TagArgument] = []
    @Option(help: ArgumentHelp("Only keys that this management key has made.", valueName: "key id"))
    var createdBy: String?
    @Option(
        help: ArgumentHelp("Only keys whose last use came from here.", valueName: "address or CIDR"),
        transform: CIDR.init(parsing:)
    )
    var lastUsedFrom: CIDR?
    @Option(help: "Only keys in this state.") var state: KeyCommand.State?
    @Option(help: ArgumentHelp("Only keys made before: a time ago such as 30d, or RFC 3339.", valueName: "moment"))
    var createdBefore: MomentArgument?
    @Option(help: ArgumentHelp("Only keys made since, in the same forms.", valueName: "moment"))
    var createdAfter: MomentArgument?
    @Option(help: ArgumentHelp("Only keys that were not used for so long.", valueName: "time")) var idleFor: String?

    func validate() throws {
        guard (self.action == .setExpiry) == (self.expires != nil) else {
            throw ValidationError("--expires is for setExpiry, which needs it.")
        }
        guard (self.action == .requireRotation) == (self.within != nil) else {
            throw ValidationError("--within is for requireRotation, which needs it.")
        }
    }

    /// The body of the preview.
    func body(consumerID: String?) -> JSON {
        var filter = Body()
        filter.set("all", self.allKeys ? true : nil)
        filter.set("apiId", self.api)
        filter.set("environment", self.environment)
        filter.set("consumerId", consumerID)
        filter.set("planId", self.plan)
        if !self.tag.isEmpty {
            filter.set("metadata", .object(JSONObject(self.tag.map { ($0.name, JSON.string($0.value)) })))
        }
        filter.set("createdBy", self.createdBy)
        filter.set("lastUsedFrom", self.lastUsedFrom?.description)
        filter.set("state", self.state?.rawValue)
        filter.set("createdBefore", self.createdBefore?.past().text)
        filter.set("createdAfter", self.createdAfter?.past().text)
        filter.set("idleFor", self.idleFor)
        var body = Body()
        body.set("filter", filter.json)
        body.set("action", self.action.rawValue)
        body.set("reason", self.reason?.rawValue)
        body.set("note", self.note)
        body.set("expiresAt", self.expires?.text())
        body.set("within", self.within)
        return body.json
    }
}

/// A member of metadata, as `NAME=VALUE`.
struct TagArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        self.name = parts[0]
        self.value = parts[1]
    }
}

extension Session {
    fileprivate func previewBulk(_ options: BulkOptions) async throws -> JSON {
        var consumerID: String?
        if let consumer = options.consumer { consumerID = try await self.consumerID(consumer) }
        return try await self.client.send(
            .post,
            ["v1", "bulk", "preview"],
            body: options.body(consumerID: consumerID)
        ).body
    }

    fileprivate func applyBulk(_ preview: String) async throws {
        let answer = try await self.client.send(
            .post,
            ["v1", "bulk", "apply"],
            body: ["previewId": .string(preview)]
        )
        self.show(answer.body) { BulkCommand.describe(outcome: $0) }
    }
}
