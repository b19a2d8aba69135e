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

    func text() throws -> SecretText {
        SecretText(self.token == "-" ? try TokenInput.standardInput() : self.token)
    }

    /// Refuses to read two things from one place.
    func validate(with server: ClientOptions) throws {
        guard self.token != "-" || server.tokenFile != "-" else {
            throw ValidationError("Standard input can give the token or the management key, not both.")
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

            The exit code is 0 when the token is valid and 1 when it is not. A token that \
            is given as an argument is seen by others on this machine and kept in the \
            shell's history: prefer standard input.
            """
    )

    @OptionGroup var question: VerifyOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try self.question.validate(with: self.server)
    }

    func run(_ session: Session) async throws {
        let verdict = try await session.client.verify(
            try self.question.text(),
            api: self.question.api,
            environment: self.question.environment,
            scopes: self.question.scopes
        )
        session.show(verdict.json) { _ in verdict.summary }
        // The verdict has been shown; it is no error to explain.
        if !verdict.isValid { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}

/// The command `claviger key explain`.
struct KeyExplainCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show every step of the decision about a token.",
        discussion: """
            Example:
              claviger key explain - --api payments < token-file
            """
    )

    @OptionGroup var question: VerifyOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try self.question.validate(with: self.server)
    }

    func run(_ session: Session) async throws {
        let verdict = try await session.client.explain(
            try self.question.text(),
            api: self.question.api,
            environment: self.question.environment,
            scopes: self.question.scopes
        )
        session.show(verdict.json) { json in
            var table = TextTable(columns: ["STEP", "OUTCOME", "DETAIL"])
            for step in json["steps"]?.array ?? [] { table.add(["step", "outcome", "detail"].map(step.member)) }
            return "\(verdict.summary)\n\n\(table.text)"
        }
    }
}

extension Verification {
    /// The verdict for a person.
    fileprivate var summary: String {
        var fields = FieldList()
        fields.add("valid", self.isValid ? "yes" : "no")
        fields.add("code", self.code)
        fields.add("missing scopes", self.missingScopes.joined(separator: " "))
        fields.add("key", self.keyID)
        fields.add("name", self.keyName)
        fields.add("environment", self.environment)
        fields.add("scopes", self.scopes.joined(separator: " "))
        fields.add("expires", self.keyID == nil ? nil : self.expiresAt?.text ?? "never")
        fields.add("consumer", self.externalID)
        fields.add("request id", self.requestID)
        return fields.text
    }
}
