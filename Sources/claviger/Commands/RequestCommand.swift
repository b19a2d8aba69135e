import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger request …`.
struct RequestCommand: ParsableCommand, Resource {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Ask for keys, decide about requests, and collect what was approved.",
        discussion: """
            Example:
              claviger request create "Acme production" --api payments \\
                --environment production --consumer acme --scope invoices.read \\
                --purpose "Monthly invoices" --justification "Contract 17"
              claviger request approve req_00mC3rQ8kXv1pT5yZbN7aL --version 1
            """,
        subcommands: [
            RequestCreateCommand.self, RequestListCommand.self, ShowCommand<Self>.self, RequestUpdateCommand.self,
            Approve.self, Deny.self, Withdraw.self, Comment.self, Collect.self, BreakGlassCommand.self, Review.self,
        ]
    )

    static let command = "request"
    static let one = "a request"
    static let path = ["v1", "key-requests"]
    static let reference = "The id."
    static let example = "req_00mC3rQ8kXv1pT5yZbN7aL"

    /// A request for a person.
    static func describe(_ request: JSON) -> String {
        var fields = FieldList()
        fields.add("id", request.text("id"))
        fields.add("state", request.text("state"))
        fields.add("version", request.text("version"))
        fields.add("asks for", request["type"] == "change" ? "a change of \(request.text("keyId"))" : "a key")
        fields.add("api", request.text("apiId"))
        fields.add("environment", request.text("environment"))
        fields.add("consumer", request.text("consumerId"))
        fields.add("name", request.text("key", "name"))
        fields.add("scopes", request.text("key", "scopes"))
        fields.add("roles", request.text("key", "roles"))
        fields.add("expires", request["key"]?["expiresAt"]?.string)
        fields.add("lives for", request.text("wantedLife"))
        for change in request["changes"]?.object?.members ?? [] {
            fields.add("changes", "\(change.name): \(change.value.text("from")) -> \(change.value.text("to"))")
        }
        fields.add("gives more", request.text("widens"))
        for (name, member) in [
            ("purpose", "purpose"), ("justification", "justification"), ("system", "system"),
            ("data", "dataClasses"), ("ticket", "ticket"), ("requested by", "requestedBy"),
        ] { fields.add(name, request.member(member)) }
        let approvals = request["approvals"]?.array ?? []
        let counted = approvals.count { $0["counts"] == true }
        fields.add("approvals", "\(counted) of \(request.text("quorum"))")
        for (name, list) in [("approved by", approvals), ("denied by", request["denials"]?.array ?? [])] {
            for note in list {
                let isVoid = note["counts"] == false ? " (does not count)" : ""
                fields.add(name, "\(note.text("keyId"))\(isVoid) \(note.text("comment"))")
            }
        }
        for note in request["comments"]?.array ?? [] {
            fields.add("comment", "\(note.text("keyId")): \(note.text("comment"))")
        }
        fields.add("ends", request.text("endsAt"))
        if request["type"] == "key" { fields.add("key", request.text("keyId")) }
        if let glass = request["breakGlass"] {
            fields.add("emergency", "\(glass.text("reason")), until \(glass.text("until"))")
            fields.add("emergency review", "\(glass.text("review", "state")) \(glass.text("review", "decision"))")
        }
        fields.add("created", request.text("createdAt"))
        return fields.text
    }

    struct Approve: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Agree to a request as it is in one version.",
            discussion: """
                Example:
                  claviger request approve req_00mC3rQ8kXv1pT5yZbN7aL --version 1

                The version is in `claviger request show`: whoever changes the request after \
                you have looked at it has your approval refused.
                """
        )

        @OptionGroup var decision: RequestDecisionOptions
        @Option(help: ArgumentHelp("The version that you have looked at.", valueName: "number")) var version: Int
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.decide("approve", self.decision, version: self.version)
        }
    }

    struct Deny: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse a request.",
            discussion:
                "Example:\n  claviger request deny req_00mC3rQ8kXv1pT5yZbN7aL --comment \"Too wide a scope\""
        )

        @OptionGroup var decision: RequestDecisionOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.decide("deny", self.decision)
        }
    }

    struct Withdraw: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take your own request back.",
            discussion: "Example:\n  claviger request withdraw req_00mC3rQ8kXv1pT5yZbN7aL"
        )

        @Argument(help: "The id of the request.") var request: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let path = RequestCommand.path + [self.request, "withdraw"]
            session.show(try await session.client.send(.post, path).body, RequestCommand.describe)
        }
    }

    struct Comment: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say something about a request.",
            discussion: "Example:\n  claviger request comment req_00mC3rQ8kXv1pT5yZbN7aL \"Which network?\""
        )

        @Argument(help: "The id of the request.") var request: String
        @Argument(help: "What to say.") var text: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let path = RequestCommand.path + [self.request, "comment"]
            let answer = try await session.client.send(.post, path, body: ["comment": .string(self.text)])
            session.show(answer.body, RequestCommand.describe)
        }
    }

    struct Collect: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the key of your approved request and show its token, once.",
            discussion: """
                Example:
                  claviger request collect req_00mC3rQ8kXv1pT5yZbN7aL

                On a pipe the token stands alone on standard output:
                  umask 077; claviger request collect req_… > acme-token
                """
        )

        @Argument(help: "The id of the request.") var request: String
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let path = RequestCommand.path + [self.request, "collect"]
            let headers = Session.idempotency(self.creation.idempotencyKey)
            session.showIssued(try await session.client.send(.post, path, headers: headers).body)
        }
    }

    struct BreakGlassCommand: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "break-glass",
            abstract: "Make the key of your pending request at once, in an emergency, for hours.",
            discussion: """
                Example:
                  claviger request break-glass req_00mC3rQ8kXv1pT5yZbN7aL \\
                    --reason "Billing is down" --until 4h

                Everybody is told, and somebody else has to review it afterwards.
                """
        )

        @Argument(help: "The id of the request.") var request: String
        @Option(help: ArgumentHelp("The emergency.", valueName: "text")) var reason: String
        @Option(help: ArgumentHelp("When the key ends, in at most 24h.", valueName: "moment"))
        var until: MomentArgument
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let body: JSON = ["reason": .string(self.reason), "until": .string(self.until.text())]
            let path = RequestCommand.path + [self.request, "break-glass"]
            session.showIssued(try await session.client.send(.post, path, body: body).body)
        }
    }

    struct Review: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether there was a good reason for an emergency; without one the key is revoked.",
            discussion: """
                Example:
                  claviger request list --break-glass open
                  claviger request review req_00mC3rQ8kXv1pT5yZbN7aL justified \\
                    "Incident 12, billing was down"
                """
        )

        enum Decision: String, CaseIterable, ExpressibleByArgument {
            case justified
            case unjustified
        }

        @Argument(help: "The id of the request.") var request: String
        @Argument(help: "Whether there was a good reason.") var decision: Decision
        @Argument(help: "What was found.") var comment: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let body: JSON = ["decision": .string(self.decision.rawValue), "comment": .string(self.comment)]
            let path = RequestCommand.path + [self.request, "review"]
            session.show(try await session.client.send(.post, path, body: body).body, RequestCommand.describe)
        }
    }
}

extension Session {
    fileprivate func decide(
        _ name: String,
        _ options: RequestDecisionOptions,
        version: Int? = nil
    ) async throws {
        var body = Body()
        body.set("version", version.map { .integer(Int64($0)) })
        body.set("comment", options.comment)
        let answer = try await self.client.send(
            .post,
            RequestCommand.path + [options.request, name],
            body: body.isEmpty ? nil : body.json,
            headers: Session.idempotency(options.creation.idempotencyKey)
        )
        self.show(answer.body, RequestCommand.describe)
    }
}
