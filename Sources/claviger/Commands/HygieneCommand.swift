import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger hygiene`.
struct HygieneCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "hygiene",
        abstract: "See which keys need care, with the command that fixes each finding.",
        discussion: """
            Example:
              claviger hygiene --api payments
              claviger hygiene --all > findings.jsonl

            A score of 100 means that nothing was found. Words in capitals in a command are \
            for you to fill in.
            """
    )

    @Option(help: ArgumentHelp("Only keys of this api.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("A key that was not used for so long is idle.", valueName: "time"))
    var idleAfter: String?
    @Option(help: ArgumentHelp("A key that was never used is a finding after so long.", valueName: "time"))
    var neverUsedAfter: String?
    @Option(help: ArgumentHelp("A secret that is older is overdue.", valueName: "time")) var rotateAfter: String?
    @Option(
        help: ArgumentHelp("Look for scopes that no use of so long needed; takes a while.", valueName: "time")
    )
    var scopesFor: String?
    @Option(help: ArgumentHelp("Name at most this many keys, those that need care most.", valueName: "number"))
    var limit = 50
    @Flag(help: "Write every key with findings, one a line as JSON, however many there are.") var all = false
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard self.scopesFor == nil || self.api != nil else {
            throw ValidationError("--scopes-for needs --api, whose endpoint rules say which scopes are needed.")
        }
        guard (1...200).contains(self.limit) else { throw ValidationError("--limit must be from 1 to 200.") }
    }

    func run(_ session: Session) async throws {
        let filters: [(String, String?)] = [
            ("apiId", self.api), ("idleAfter", self.idleAfter), ("neverUsedAfter", self.neverUsedAfter),
            ("rotateAfter", self.rotateAfter), ("scopesFor", self.scopesFor),
        ]
        if self.all {
            var lines = Console.isTerminal ? PrintableLines() : nil
            try await session.client.stream(["v1", "hygiene", "export"], query: filters.given) { bytes in
                try Console.write(lines?.add(bytes) ?? bytes)
            }
            return try Console.write(lines?.rest ?? [])
        }
        let query = filters.given + [("limit", String(self.limit))]
        session.show(try await session.client.send(.get, ["v1", "hygiene"], query: query).body, Self.describe)
    }

    /// A report for a person.
    static func describe(_ report: JSON) -> String {
        let scores = TextTable(
            columns: ["API", "SCORE", "KEYS", "WITH FINDINGS"],
            rows: (report["apis"]?.array ?? []).map { ["name", "score", "keys", "keysWithFindings"].map($0.member) }
        ).text
        var findings = TextTable(columns: ["KEY", "NAME", "SEVERITY", "FINDING", "COMMAND"])
        for item in report["items"]?.array ?? [] {
            for finding in item["findings"]?.array ?? [] {
                findings.add(
                    [item.text("keyId"), item.text("name")] + ["severity", "finding", "fix"].map(finding.member)
                )
            }
        }
        guard report["items"]?.array?.isEmpty == false else { return scores + "\n\nNothing was found." }
        return scores + "\n\n" + findings.text
    }
}
