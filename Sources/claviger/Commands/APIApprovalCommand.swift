import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger api approval`.
struct APIApprovalCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval",
        abstract: "Say whether the keys of an environment need approval, and of how many.",
        discussion: """
            What is not given stays as it is.

            Example:
              claviger api approval payments production --quorum 2
              claviger api approval payments staging --not-required
            """
    )

    @Argument(help: "The name or the id.") var api: String
    @Argument(help: "The name of the environment.") var environment: String
    @Option(help: ArgumentHelp("How many have to approve a request; 1 unless it was set.", valueName: "number"))
    var quorum: Int?
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
            fields["approval"] = self.rules(after: fields["approval"])
            return .object(fields)
        }
        guard found else { throw CommandFailure.refused("The api has no environment \(self.environment.printable).") }
        var body = Body()
        body.set("environments", .array(environments))
        let version = self.change.ifMatch ?? current.entityTag
        try await session.update(APICommand.self, self.api, body, ifMatch: version)
    }

    /// The rules with what is given in the place of what they were: an environment is sent as a whole.
    func rules(after current: JSON?) -> JSON {
        var rules = current?.object ?? JSONObject()
        rules["required"] = .bool(!self.notRequired)
        if let quorum { rules["quorum"] = .integer(Int64(quorum)) }
        if let requestLifetime { rules["requestLifetime"] = .string(requestLifetime) }
        if let collectWithin { rules["collectWithin"] = .string(collectWithin) }
        return .object(rules)
    }
}
