import ClavigerClient
import ClavigerCore

/// Keeps the token in a file fresh.
///
/// Killed at any moment it leaves a token in the file that works. What it does is noted before it is done: the journal
/// names the request before it is sent, so that one whose answer was lost is sent again and gets the same answer.
struct Agent {
    /// What is known of a token after a turn, or after as much of it as went well.
    struct Turn {
        var hasRotated = false
        var createdAt: Timestamp?
        var dueAt: Timestamp?
        /// Why the programs that use the token could not be told of it; they are told in the next turn.
        var commandFailure: CommandFailure?
    }

    let file: AgentTokenFile
    /// The server; each turn adds the token.
    let settings: ClavigerClient.Settings
    let schedule: AgentSchedule
    /// How the next token is asked for.
    let request: AgentRequest
    let after: AfterCommand?
    let time: any TimeSource
    let random: any RandomSource

    /// Looks once whether the token is to be replaced, and has it replaced.
    ///
    /// A command that fails keeps no token from being replaced in time.
    ///
    /// - Parameters:
    ///   - turn: what becomes of it, also where something throws.
    ///   - mayRotate: whether a token that is due is replaced.
    func take(_ turn: inout Turn, mayRotate: Bool = true) async throws {
        let contents = try self.file.read()
        var mayRotate = mayRotate
        let former = try self.file.journal()
        if let former {
            if let request = former.request, request.lookupID == contents.token.lookupID.text {
                return try await self.resend(request, former.isUntold, contents, &turn)
            }
            // The file has the next token already; it may be that nobody was told.
            turn.commandFailure = try await self.tell(thenNoting: nil)
            if turn.commandFailure == nil { mayRotate = false }
        }
        let shown = try await self.shown(contents)
        guard shown.isCurrent else {
            let end = shown.graceEndsAt.map { " It works until \($0)." } ?? ""
            throw CommandFailure.refused(
                "The token in \(self.file.path) has been replaced by somebody else; put the next one there.\(end)"
            )
        }
        let due = self.schedule.due(createdAt: shown.createdAt, deadline: shown.deadline)
        (turn.createdAt, turn.dueAt) = (shown.createdAt, due)
        guard mayRotate, due <= self.time.now() else { return }
        let request = AgentJournal.Request(
            idempotencyKey: "agent-" + Hex.encode(self.random.bytes(16)),
            lookupID: contents.token.lookupID.text,
            body: self.request.body(
                longestGrace: shown.longestGrace,
                olderGraceEndsAt: shown.olderGraceEndsAt,
                deadline: shown.deadline
            )
        )
        let isUntold = turn.commandFailure != nil
        try self.file.note(AgentJournal(request: request, isUntold: isUntold))
        do {
            try await self.rotate(contents, request, &turn)
        } catch ClientError.refused(let problem) where Self.isFinal(problem) {
            // Nothing was changed, and sending it again would change nothing. What was to be done before still is.
            try self.file.note(isUntold ? .untold : nil)
            throw ClientError.refused(problem)
        }
    }

    /// Sends a request again whose answer was lost, or that was never sent.
    ///
    /// - Parameter isUntold: whether the programs have yet to be told of the token that is to be replaced.
    private func resend(
        _ request: AgentJournal.Request,
        _ isUntold: Bool,
        _ contents: AgentTokenFile.Contents,
        _ turn: inout Turn
    ) async throws {
        // Not only after the answer: nobody knows when the server will give one.
        if isUntold { turn.commandFailure = try await self.tell(thenNoting: AgentJournal(request: request)) }
        do {
            try await self.rotate(contents, request, &turn)
        } catch ClientError.refused(let problem) where Self.isFinal(problem) {
            // It may have been carried out. Then it is the only way to the next token: it is forgotten only where the
            // server says that there is none.
            if let shown = try? await self.shown(contents), shown.isCurrent {
                try self.file.note(turn.commandFailure == nil ? nil : .untold)
            }
            throw ClientError.refused(problem)
        }
    }

    private func rotate(
        _ contents: AgentTokenFile.Contents,
        _ request: AgentJournal.Request,
        _ turn: inout Turn
    ) async throws {
        let answer = try await self.call(contents) { client in
            try await client.send(
                .post,
                ["v1", "self", "rotate"],
                body: request.body,
                headers: [("Idempotency-Key", request.idempotencyKey)]
            ).body
        }
        guard let text = answer["token"]?.string, (try? KeyToken(parsing: text)) != nil else {
            throw CommandFailure.refused("The server's answer has no token.")
        }
        try self.file.replace(text)
        turn.hasRotated = true
        (turn.createdAt, turn.dueAt) = (self.time.now(), nil)
        turn.commandFailure = try await self.tell(thenNoting: nil)
    }

    /// Tells the programs that use the token, and notes what is still to be done then; answers why they could not be
    /// told.
    private func tell(thenNoting journal: AgentJournal?) async throws -> CommandFailure? {
        do throws(CommandFailure) {
            try await self.after?.run(tokenFile: self.file.path)
        } catch {
            return error
        }
        try self.file.note(journal)
        return nil
    }

    /// What the server says of the token in the file.
    private struct Shown {
        let createdAt: Timestamp
        let isCurrent: Bool
        let graceEndsAt: String?
        let deadline: Timestamp?
        let longestGrace: Duration?
        let olderGraceEndsAt: Timestamp?
    }

    private func shown(_ contents: AgentTokenFile.Contents) async throws -> Shown {
        let own = try await self.call(contents) { try await $0.send(.get, ["v1", "self"]).body }
        guard let shown = own["credentials"]?.array?.first(where: { $0["id"] == own["credentialId"] }),
            let createdAt = shown["createdAt"]?.string.flatMap({ try? Timestamp(parsing: $0) })
        else { throw CommandFailure.refused("The server does not tell when the token was made: is it too old?") }
        func time(_ value: JSON?) -> Timestamp? { value?.string.flatMap { try? Timestamp(parsing: $0) } }
        let older = (own["credentials"]?.array ?? []).filter { $0["state"] == "retiring" }
        return Shown(
            createdAt: createdAt,
            isCurrent: shown["state"] == "current",
            graceEndsAt: shown["graceEndsAt"]?.string,
            deadline: time(own["rotation"]?["mustRotateBy"]),
            longestGrace: own["rotation"]?["maximumGrace"]?.string.flatMap { try? DurationText.parse($0) },
            olderGraceEndsAt: older.compactMap { time($0["graceEndsAt"]) }.max()
        )
    }

    private func call<T: Sendable>(
        _ contents: AgentTokenFile.Contents,
        _ body: (ClavigerClient) async throws -> T
    ) async throws -> T {
        var settings = self.settings
        settings.token = SecretText(contents.text)
        return try await ClavigerClient.with(settings, body)
    }

    /// Whether the same request would be refused for ever: not where the network or the server is only busy, nor where
    /// the token is refused, which a key that is resumed makes good.
    private static func isFinal(_ problem: ClientProblem) -> Bool {
        (400..<500).contains(problem.status) && ![401, 408, 429].contains(problem.status)
    }
}
