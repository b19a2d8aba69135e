import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger api approval`.
struct APIApprovalCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval",
        abstract: "Say whether the keys of an environment need approval, and of how many.",
        discussion: """
            Example:
              claviger api approval payments production --quorum 2
              claviger api approval payments staging --not-required
            """
    )

    @Argument(help: "The name or the id.") var api: String
    @Argument(help: "The name of the environment.") var environment: String
    @Option(help: ArgumentHelp("How many have to approve a request.", valueName: "number")) var quorum = 1
    @Option(help: ArgumentHelp("How long a request waits for its approvals, at most 90d.", valueName: "time"))
    var requestLifetime: String?
    @Option(help: ArgumentHelp("How long an approved key waits for its requester, at most 90d.", valueName: "time"))
    var collectWithin: String?
    @Flag(help: "Let keys be made without a request.") var notRequired = false
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let current = try await session.fetch(APICommand.self, self.api)
        var found = false
        let environments = (current.body["environments"]?.array ?? []).map { environment -> JSON in
            guard environment["name"]?.string == self.environment, var fields = environment.object else {
                return environment
            }
            found = true
            fields["approval"] = self.rules
            return .object(fields)
        }
        guard found else { throw CommandFailure.refused("The api has no environment \(self.environment.printable).") }
        var body = Body()
        body.set("environments", .array(environments))
        let version = self.change.ifMatch ?? current.entityTag
        try await session.update(APICommand.self, self.api, body, ifMatch: version)
    }

    private var rules: JSON {
        [
            "required": .bool(!self.notRequired), "quorum": .integer(Int64(self.quorum)),
            "requestLifetime": self.requestLifetime.map { .string($0) },
            "collectWithin": self.collectWithin.map { .string($0) },
        ]
    }
}
