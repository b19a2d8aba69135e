import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger api restrict`.
struct APIRestrictCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "restrict",
        abstract: "Restrict the keys of an environment, whatever they say themselves or as a default.",
        discussion: """
            Example:
              claviger api restrict payments production --as required \\
                --allow-network 10.0.0.0/8

            What is required counts beside what a key says. A default counts for keys \
            that say nothing of the kind. Each option replaces all of its kind; the \
            other kinds stay.
            """
    )

    enum Role: String, CaseIterable, ExpressibleByArgument {
        case required
        case defaults = "default"

        var member: String {
            switch self {
            case .required: "required"
            case .defaults: "defaults"
            }
        }
    }

    @Argument(help: "The name or the id.") var api: String
    @Argument(help: "The name of the environment.") var environment: String
    @Option(name: .customLong("as"), help: "How the restrictions count.") var role: Role
    @OptionGroup(title: "Restrictions") var restrictions: RestrictionChanges
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the restrictions", self.restrictions.given.restrictions)], self.server)
        guard self.restrictions.isGiven else {
            throw ValidationError("Give a restriction, or what is to be removed; --help lists them.")
        }
    }

    func run(_ session: Session) async throws {
        let current = try await session.fetch(APICommand.self, self.api)
        var environments = current.body["environments"]?.array ?? []
        guard let index = environments.firstIndex(where: { $0["name"]?.string == self.environment }),
            var environment = environments[index].object
        else {
            let names = environments.map { $0.text("name") }.joined(separator: ", ")
            throw CommandFailure.refused(
                "The api has no environment \(self.environment.printable). There are \(names.printable)."
            )
        }
        var both = environment["restrictions"]?.object ?? JSONObject()
        let result = try self.restrictions.applied(to: both[self.role.member])
        both[self.role.member] = result.isEmpty ? nil : .object(result)
        environment["restrictions"] = both.isEmpty ? nil : .object(both)
        environments[index] = .object(environment)
        var body = Body()
        body.set("environments", .array(environments))
        // Only for what was read: the list replaces all environments.
        let version = self.change.ifMatch ?? current.entityTag
        try await session.update(APICommand.self, self.api, body, ifMatch: version)
    }
}
