import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger key batch`.
struct KeyBatchCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Create up to 1,000 keys from a JSON file: all of them or none.",
        discussion: """
            Example:
              claviger key batch keys.json --output json > issued.json

            The file holds {"keys": [...]} or only the array; each element is the body of \
            POST /v1/keys:
              [{"apiId": "payments", "environment": "production",
                "consumerExternalId": "acme", "name": "Acme 1"}]
            """
    )

    @Argument(help: "The file, or - for standard input.") var file: String
    @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
    var idempotencyKey: String?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the keys", self.file)], self.server)
    }

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(
            .post,
            ["v1", "keys", "batch"],
            body: try self.body(),
            headers: Session.idempotency(self.idempotencyKey)
        )
        let issued = answer.body["items"]?.array ?? []
        // Quiet or not, the tokens are shown: there is no second time.
        if session.isJSON {
            Console.out(answer.body.pretty)
        } else {
            var table = TextTable(columns: ["KEY ID", "NAME", "TOKEN"])
            for item in issued { table.add([item.text("key", "id"), item.text("key", "name"), item.text("token")]) }
            Console.out(table.text)
            session.note("This is the only time that the tokens are shown: keep them now.")
        }
    }

    private func body() throws -> JSON {
        let json = try JSONFile.read(self.file)
        return json.array == nil ? json : ["keys": json]
    }
}
