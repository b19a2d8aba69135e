import ArgumentParser
import ClavigerClient
import ClavigerCore

/// What verify and explain take.
struct VerifyOptions: ParsableArguments {
    @Argument(help: "The token, or - for standard input. Others on this machine can see arguments: prefer -.")
    var token: String
    @Option(help: ArgumentHelp("The api that the key must be for.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("The environment that the key must be for.", valueName: "name"))
    var environment: String?
    @Option(help: ArgumentHelp("What the key must be allowed to do, such as \"a AND (b OR c)\".", valueName: "query"))
    var scopes: String?
    @Option(help: ArgumentHelp("What the use costs; 1, or what the endpoint rule says.", valueName: "number"))
    var cost: Int?
    @OptionGroup var limits: LimitOptions
    @OptionGroup(title: "The request that the token came with") var context: ContextOptions

    var question: VerificationQuestion {
        VerificationQuestion(
            api: self.api,
            environment: self.environment,
            scopes: self.scopes,
            cost: self.cost,
            limits: self.limits.limit,
            context: self.context.context
        )
    }

    func text() throws -> SecretText {
        SecretText(self.token == "-" ? try TokenInput.standardInput() : self.token)
    }

    /// Refuses to read two things from one place.
    func validate(with server: ClientOptions) throws {
        try StandardInput.check([("the token", self.token)], server)
    }
}

/// What is known of the request that a token came with.
struct ContextOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The client's address.", valueName: "address")) var ip: String?
    @Option(help: ArgumentHelp("The HTTP method; with --path, the endpoint rules decide.", valueName: "method"))
    var method: String?
    @Option(help: ArgumentHelp("The path.", valueName: "path")) var path: String?
    @Option(help: ArgumentHelp("The Origin header.", valueName: "origin")) var origin: String?
    @Option(help: ArgumentHelp("The Referer header.", valueName: "url")) var referrer: String?
    @Option(help: ArgumentHelp("The User-Agent header.", valueName: "text")) var userAgent: String?
    @Option(
        help: ArgumentHelp("The SHA-256 fingerprint of the client's certificate.", valueName: "fingerprint"),
        transform: CertificateThumbprint.init(argument:)
    )
    var clientCertificate: CertificateThumbprint?

    var context: VerificationContext {
        VerificationContext(
            ip: self.ip,
            method: self.method,
            path: self.path,
            origin: self.origin,
            referrer: self.referrer,
            userAgent: self.userAgent,
            certificateThumbprint: self.clientCertificate?.text
        )
    }

    func validate() throws {
        guard (self.method == nil) == (self.path == nil) else {
            throw ValidationError("Endpoint rules are for method and path: give --method and --path together.")
        }
    }
}

/// The command `claviger key verify`.
struct KeyVerifyCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Ask whether a token may be used now.",
        discussion: """
            Example:
              claviger key verify - --api payments --scopes "a.read AND b.write" < token
              claviger key verify - --ip 203.0.113.9 --method GET \\
                --path /v1/invoices/7 < token

            The exit code is 0 when the token is valid and 1 when it is not. A token that \
            is given as an argument is seen by others on this machine and kept in the \
            shell's history: prefer standard input. This is a use of the key: it counts \
            against its limits and credits; `claviger key explain` does not.
            """
    )

    @OptionGroup var question: VerifyOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try self.question.validate(with: self.server)
    }

    func run(_ session: Session) async throws {
        let verdict = try await session.client.verify(try self.question.text(), self.question.question)
        session.show(verdict.json) { _ in verdict.summary }
        // The verdict has been shown; it is no error to explain.
        if !verdict.isValid { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}

/// The command `claviger key explain`.
struct KeyExplainCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show every step of the decision about a token, and use up nothing.",
        discussion: """
            Example:
              claviger key explain - --ip 203.0.113.9 --method GET \\
                --path /v1/invoices/7 < token-file

            Nothing is counted and no credit is spent. The exit code is 0 whatever the \
            decision is.
            """
    )

    @OptionGroup var question: VerifyOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try self.question.validate(with: self.server)
    }

    func run(_ session: Session) async throws {
        let verdict = try await session.client.explain(try self.question.text(), self.question.question)
        session.show(verdict.json) { _ in verdict.explanation }
    }
}

extension Verification {
    /// The verdict for a person.
    var summary: String {
        var fields = FieldList()
        fields.add("valid", self.isValid ? "yes" : "no")
        fields.add("code", self.code)
        fields.add("missing scopes", self.missingScopes.joined(separator: " "))
        fields.add("rule", self.rule)
        fields.add("key", self.keyID)
        fields.add("name", self.keyName)
        fields.add("kind", self.json.text("key", "kind"))
        fields.add("environment", self.environment)
        fields.add("scopes", self.scopes.joined(separator: " "))
        fields.add("expires", self.keyID == nil ? nil : self.expiresAt?.text ?? "never")
        fields.add("consumer", self.externalID)
        fields.add("limits", lines: self.limits.map(\.sentence))
        fields.add("credits", self.creditsSentence)
        fields.add("try again", self.retryAfter.map { "in \(DurationText.text(for: $0))" })
        fields.add("request id", self.requestID)
        return fields.text
    }

    /// The verdict with every step that led to it.
    var explanation: String {
        let rows = (self.json["steps"]?.array ?? []).map { ["step", "outcome", "detail"].map($0.member) }
        return "\(self.summary)\n\n\(TextTable(columns: ["STEP", "OUTCOME", "DETAIL"], rows: rows).text)"
    }

    private var creditsSentence: String? {
        guard let creditsRemaining else { return nil }
        let refill = self.json.text("credits", "refillsAt")
        return "\(creditsRemaining) left" + (refill.isEmpty ? "" : ", new ones at \(refill)")
    }
}

extension LimitState {
    /// What is left, for a person.
    var sentence: String {
        var text = "\(self.name): \(self.remaining) of \(self.limit) left"
        if let resetsAt { text += ", all at \(resetsAt.text)" }
        return self.isExceeded ? text + "; refused" : text
    }
}
