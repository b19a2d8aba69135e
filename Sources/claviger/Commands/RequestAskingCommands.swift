import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger request create`.
struct RequestCreateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Ask for a key, or with --key for more for a key that there is.",
        discussion: """
            Example:
              claviger request create "Acme production" --api payments \\
                --environment production --consumer acme --scope invoices.read \\
                --wanted-life 90d --purpose "Monthly invoices" \\
                --justification "Contract 17" --ticket OPS-4711

            More for a key that there is, as a merge patch:
              claviger request create --key key_00mC3rQ8kXv1pT5yZbN7aL \\
                --change '{"scopes": ["invoices.read", "invoices.write"]}' \\
                --purpose "Corrections" --justification "They book themselves now"
            """
    )

    @Argument(help: "A name for people.") var name: String?
    @Option(help: ArgumentHelp("The api that it is for.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("The environment that it is for.", valueName: "name")) var environment: String?
    @Option(help: ArgumentHelp("The owner.", valueName: "external id or id")) var consumer: String?
    @OptionGroup var wanted: WantedKeyOptions
    @Option(help: ArgumentHelp("How long it lives from the moment that it is collected.", valueName: "time"))
    var wantedLife: String?
    @Option(help: ArgumentHelp("The key that is to be changed.", valueName: "id")) var key: String?
    @Option(help: ArgumentHelp("With --key: the change, as a merge patch.", valueName: "json object"))
    var change: ObjectArgument?
    @OptionGroup(title: "Reason") var reason: RequestReasonOptions
    @OptionGroup var creation: CreationOptions
    @OptionGroup(title: "Restrictions") var restrictions: RestrictionOptions
    @OptionGroup(title: "Limits and credits") var allowance: OwnerAllowanceOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the restrictions", self.restrictions.restrictions)], self.server)
        guard (self.key == nil) == (self.change == nil) else {
            throw ValidationError("Give --key and --change together.")
        }
        let isKey = self.name != nil && self.api != nil && self.environment != nil && self.consumer != nil
        guard isKey != (self.key != nil) else {
            throw ValidationError("Give a name, --api, --environment and --consumer; or --key and --change.")
        }
        guard self.reason.purpose != nil, self.reason.justification != nil else {
            throw ValidationError("Give --purpose and --justification: others decide by them.")
        }
        guard self.wanted.expires == nil || self.wantedLife == nil else {
            throw ValidationError("Give --expires or --wanted-life, not both.")
        }
    }

    func run(_ session: Session) async throws {
        var body = Body()
        if let key {
            body.set("keyId", key)
            body.set("change", self.change?.json)
        } else {
            self.wanted.fill(
                &body,
                name: self.name,
                api: self.api,
                environment: self.environment,
                consumer: self.consumer
            )
            body.set("wantedLife", self.wantedLife)
            try self.restrictions.fill(&body)
            self.allowance.fill(&body)
        }
        self.reason.fill(&body)
        try await session.create(RequestCommand.self, body, self.creation)
    }
}

/// The command `claviger request update`.
struct RequestUpdateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Ask for something else. Approvals that were given are void.",
        discussion: """
            Example:
              claviger request update req_00mC3rQ8kXv1pT5yZbN7aL \\
                --patch '{"scopes": ["invoices.read"]}' --ticket OPS-4712
            """
    )

    @Argument(help: "The id of the request.") var request: String
    @Option(
        help: ArgumentHelp(
            "What the key is to be instead, as a merge patch; of a change, {\"change\": {…}}.",
            valueName: "json object"
        )
    )
    var patch: ObjectArgument?
    @OptionGroup(title: "Reason") var reason: RequestReasonOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        var body = Body()
        for member in self.patch?.json.object?.members ?? [] { body.set(member.name, Optional(member.value)) }
        self.reason.fill(&body)
        try await session.update(RequestCommand.self, self.request, body, ifMatch: self.change.ifMatch)
    }
}

/// The command `claviger request list`.
struct RequestListCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List requests, the newest first.",
        discussion: "Example:\n  claviger request list --state pending --api payments"
    )

    enum State: String, CaseIterable, ExpressibleByArgument {
        case pending
        case approved
        case collected
        case applied
        case denied
        case withdrawn
        case expired
    }

    enum ReviewState: String, CaseIterable, ExpressibleByArgument {
        case open
        case closed
    }

    @Option(help: ArgumentHelp("Only requests of this api.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("Only requests of this environment.", valueName: "name")) var environment: String?
    @Option(help: "Only requests in this state.") var state: State?
    @Option(help: ArgumentHelp("Only requests about this key.", valueName: "id")) var key: String?
    @Option(help: ArgumentHelp("Only requests of this management key.", valueName: "id")) var requestedBy: String?
    @Option(help: "Only emergencies, by whether somebody has reviewed them.") var breakGlass: ReviewState?
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.list(
            RequestCommand.path,
            [
                ("apiId", self.api), ("environment", self.environment), ("state", self.state?.rawValue),
                ("keyId", self.key), ("requestedBy", self.requestedBy), ("breakGlass", self.breakGlass?.rawValue),
            ],
            self.page,
            table: ["ID", "STATE", "VERSION", "ASKS FOR", "NAME", "SCOPES", "PURPOSE", "REQUESTED BY"]
        ) { request in
            [
                request.text("id"), request.text("state"), request.text("version"), request.text("type"),
                request.text("key", "name"), request.text("key", "scopes"), request.text("purpose"),
                request.text("requestedBy"),
            ]
        }
    }
}
