import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger key create`.
struct KeyCreateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a key and show its token, once.",
        discussion: """
            Example:
              claviger key create "Acme production" --api payments \\
                --environment production --consumer acme --scope invoices.read \\
                --expires 90d

            A key for the pages of one site, and one for an office in its hours:
              claviger key create "Web" --api payments --environment production \\
                --consumer acme --kind publishable --origin https://app.acme.com
              claviger key create "Office" --api payments --environment production \\
                --consumer acme --allow-network 203.0.113.0/24 \\
                --time-window "mon-fri 08:00-18:00 Europe/Berlin" \\
                --limit burst=100/1m --credits 1000/month

            On a pipe the token stands alone on standard output, and what is told about \
            the key goes to standard error:
              umask 077; claviger key create … > acme-token

            In an emergency, where keys are made by request, for at most 24 hours:
              claviger key create "Repair" --api payments --environment production \\
                --consumer acme --break-glass "Billing is down" --until 4h

            A management key is a key of the api claviger:
              claviger key create "Deployment" --api claviger \\
                --environment production --consumer acme --role operator
            """
    )

    @Argument(help: "A name for people.") var name: String
    @Option(help: ArgumentHelp("The api that it is for.", valueName: "name or id")) var api: String
    @Option(help: ArgumentHelp("The environment that it is for.", valueName: "name")) var environment: String
    @Option(help: ArgumentHelp("The owner.", valueName: "external id or id")) var consumer: String
    @OptionGroup var wanted: WantedKeyOptions
    @OptionGroup(title: "Emergency") var emergency: BreakGlassOptions
    @Option(
        help: ArgumentHelp(
            "Makes repeating the command safe for 24 hours; times from now must then be RFC 3339.",
            valueName: "text"
        )
    )
    var idempotencyKey: String?
    @OptionGroup(title: "Restrictions") var restrictions: RestrictionOptions
    @OptionGroup(title: "Limits and credits") var allowance: OwnerAllowanceOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the restrictions", self.restrictions.restrictions)], self.server)
        let isRelative = [self.wanted.expires, self.wanted.notBefore, self.emergency.until].contains {
            if case .fromNow? = $0 { true } else { false }
        }
        // The request would be another one each time, and the server would refuse it.
        guard self.idempotencyKey == nil || !isRelative else {
            throw ValidationError("With --idempotency-key, give --expires and --not-before as RFC 3339.")
        }
    }

    func run(_ session: Session) async throws {
        var body = Body()
        self.wanted.fill(
            &body,
            name: self.name,
            api: self.api,
            environment: self.environment,
            consumer: self.consumer
        )
        try self.restrictions.fill(&body)
        self.allowance.fill(&body)
        body.set("breakGlass", self.emergency.json)
        let headers = Session.idempotency(self.idempotencyKey)
        let answer = try await session.client.send(.post, ["v1", "keys"], body: body.json, headers: headers)
        session.showIssued(answer.body)
    }
}

extension Session {
    /// Shows a key with its new token, which on a pipe stands alone on standard output.
    func showIssued(_ issued: JSON) {
        if self.isJSON {
            Console.out(issued.pretty)
            return
        }
        let token = issued.text("token").printable
        let details = KeyCommand.describe(issued["key"] ?? .null)
        if Console.isTerminal, !self.output.quiet {
            Console.out("\(details)\n\n\(token)\n\nThis is the only time that the token is shown: keep it now.")
        } else {
            self.note(details)
            Console.out(token)
        }
    }
}
