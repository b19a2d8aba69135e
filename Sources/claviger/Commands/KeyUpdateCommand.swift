import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger key update`.
struct KeyUpdateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a key. The change counts at once.",
        discussion: """
            Example:
              claviger key update key_00mC3rQ8kXv1pT5yZbN7aL --expires 30d \\
                --allow-network 203.0.113.0/24 --allow-network 2001:db8::/32

            --scope, --role, --limit and each kind of restriction replace all of their \
            kind; other restrictions stay. --metadata is merged into what is there; null \
            removes a member.
            """
    )

    @Argument(help: "The id of the key.") var key: String
    @Option(help: ArgumentHelp("A name for people.", valueName: "text")) var name: String?
    @Option(help: ArgumentHelp("What it may do; can be repeated.", valueName: "scope")) var scope: [String] = []
    @Flag(help: "Remove all scopes.") var noScopes = false
    @Option(help: ArgumentHelp("A role whose scopes it has too; can be repeated.", valueName: "name"))
    var role: [String] = []
    @Flag(help: "Remove all roles.") var noRoles = false
    @Option(help: ArgumentHelp("When it ends: a time from now such as 90d, or RFC 3339.", valueName: "moment"))
    var expires: MomentArgument?
    @Flag(help: "Let it never end.") var noExpiry = false
    @Option(help: ArgumentHelp("From when it can be used, in the same forms.", valueName: "moment"))
    var notBefore: MomentArgument?
    @Flag(help: "Let it be used at once.") var noNotBefore = false
    @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
    var metadata: ObjectArgument?
    @OptionGroup var change: ChangeOptions
    @OptionGroup(title: "Restrictions") var restrictions: RestrictionChanges
    @OptionGroup(title: "Limits and credits") var allowance: OwnerAllowanceChanges
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the restrictions", self.restrictions.given.restrictions)], self.server)
        try Exclusive.check([
            ("--scope", !self.scope.isEmpty, "--no-scopes", self.noScopes),
            ("--role", !self.role.isEmpty, "--no-roles", self.noRoles),
            ("--expires", self.expires != nil, "--no-expiry", self.noExpiry),
            ("--not-before", self.notBefore != nil, "--no-not-before", self.noNotBefore),
        ])
    }

    func run(_ session: Session) async throws {
        var body = Body()
        body.set("name", self.name)
        body.set("scopes", list: self.scope)
        body.set("scopes", self.noScopes ? .null : nil)
        body.set("roles", list: self.role)
        body.set("roles", self.noRoles ? .null : nil)
        body.set("expiresAt", self.noExpiry ? .null : self.expires.map { .string($0.text()) })
        body.set("notBefore", self.noNotBefore ? .null : self.notBefore.map { .string($0.text()) })
        body.set("metadata", self.metadata?.json)
        self.allowance.fill(&body)
        let version = try await self.restrict(&body, session)
        let answer = try await session.patch(["v1", "keys", self.key], body, ifMatch: version)
        session.show(answer.body, KeyCommand.describe)
    }

    /// Adds the restrictions, and tells for which version of the key they are meant.
    private func restrict(_ body: inout Body, _ session: Session) async throws -> String? {
        guard self.restrictions.isGiven else { return self.change.ifMatch }
        var version = self.change.ifMatch
        var current: JSON?
        if self.restrictions.needsCurrent {
            // The API replaces restrictions whole: the kinds that stay have to be sent along.
            let answer = try await session.client.send(.get, ["v1", "keys", self.key])
            current = answer.body["restrictions"]
            version = version ?? answer.entityTag
        }
        let result = try self.restrictions.applied(to: current)
        body.set("restrictions", result.isEmpty ? .null : .object(result))
        return version
    }
}
