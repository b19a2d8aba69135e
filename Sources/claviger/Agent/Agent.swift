import ClavigerClient
import ClavigerCore

/// Keeps the token in a file fresh.
///
/// Killed at any moment it leaves a token in the file that works. What it does is noted before it is done: the journal
/// names the request before it is sent, so that one whose answer was lost is sent again and gets the same answer.
struct Agent {
    /// What is known of a token after a turn.
    struct Turn {
        var hasRotated = false
        var createdAt: Timestamp?
        var dueAt: Timestamp?
    }

    let file: AgentTokenFile
    /// The server; each turn adds the token.
    let settings: ClavigerClient.Settings
    let schedule: AgentSchedule
    /// The body of a rotation.
    let request: JSON
    let after: AfterCommand?
    let time: any TimeSource
    let random: any RandomSource

    /// Looks once whether the token is to be replaced, and has it replaced.
    func turn() async throws -> Turn {
        let contents = try self.file.read()
        if let journal = try self.file.journal() {
            if journal.lookupID == contents.token.lookupID.text {
                return try await self.rotate(contents, journal)
            }
            // The file has the next token already; it may be that nobody was told.
            try await self.finish()
            return Turn(hasRotated: true)
        }
        let own = try await self.call(contents) { try await $0.send(.get, ["v1", "self"]).body }
        guard let shown = own["credentials"]?.array?.first(where: { $0["id"] == own["credentialId"] }),
            let createdAt = shown["createdAt"]?.string.flatMap({ try? Timestamp(parsing: $0) })
        else { throw CommandFailure.refused("The server does not tell when the token was made: is it too old?") }
        guard shown["state"] == "current" else {
            let end = shown["graceEndsAt"]?.string.map { " It works until \($0)." } ?? ""
            throw CommandFailure.refused(
                "The token in \(self.file.path) has been replaced by somebody else; put the next one there.\(end)"
            )
        }
        let deadline = own["rotation"]?["mustRotateBy"]?.string.flatMap { try? Timestamp(parsing: $0) }
        let due = self.schedule.due(createdAt: createdAt, deadline: deadline)
        guard due <= self.time.now() else { return Turn(createdAt: createdAt, dueAt: due) }
        let journal = AgentJournal(
            idempotencyKey: "agent-" + Hex.encode(self.random.bytes(16)),
            lookupID: contents.token.lookupID.text,
            body: self.request
        )
        try self.file.note(journal)
        return try await self.rotate(contents, journal)
    }

    private func rotate(_ contents: AgentTokenFile.Contents, _ journal: AgentJournal) async throws -> Turn {
        let answer: JSON
        do {
            answer = try await self.call(contents) { client in
                try await client.send(
                    .post,
                    ["v1", "self", "rotate"],
                    body: journal.body,
                    headers: [("Idempotency-Key", journal.idempotencyKey)]
                ).body
            }
        } catch ClientError.refused(let problem) where Self.isFinal(problem) {
            // Nothing was changed, and sending it again would change nothing.
            try self.file.note(nil)
            throw ClientError.refused(problem)
        }
        guard let text = answer["token"]?.string, (try? KeyToken(parsing: text)) != nil else {
            throw CommandFailure.refused("The server's answer has no token.")
        }
        try self.file.replace(text)
        try await self.finish()
        return Turn(hasRotated: true, createdAt: self.time.now())
    }

    /// Tells the programs that use the token, and forgets what was being done.
    private func finish() async throws {
        try await self.after?.run(tokenFile: self.file.path)
        try self.file.note(nil)
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
