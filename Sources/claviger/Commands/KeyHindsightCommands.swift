import ArgumentParser
import ClavigerClient
import ClavigerCore

// What the recorded uses of a key say about a change that is not made yet.

/// How far back to look.
struct HindsightOptions: ParsableArguments {
    @Argument(help: "The id of the key.") var key: String
    @Option(help: ArgumentHelp("How many days to look back, 1 to 90.", valueName: "number")) var days = 30

    func validate() throws {
        guard (1...90).contains(self.days) else { throw ValidationError("--days must be from 1 to 90.") }
    }
}

/// The command `claviger key what-if`.
struct KeyWhatIfCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-if",
        abstract: "Tell which uses of the last days a change of a key would have refused.",
        discussion: """
            Example:
              claviger key what-if key_00mC3rQ8kXv1pT5yZbN7aL \\
                --allow-network 203.0.113.0/24 --days 14

            The options are those of `claviger key update`, and change nothing here.
            """
    )

    @OptionGroup var hindsight: HindsightOptions
    @Option(help: ArgumentHelp("What the key could do; can be repeated.", valueName: "scope")) var scope: [String] = []
    @Flag(help: "As if the key had no scopes.") var noScopes = false
    @OptionGroup(title: "Restrictions") var restrictions: RestrictionChanges
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the restrictions", self.restrictions.given.restrictions)], self.server)
        try Exclusive.check([("--scope", !self.scope.isEmpty, "--no-scopes", self.noScopes)])
        guard self.restrictions.isGiven || !self.scope.isEmpty || self.noScopes else {
            throw ValidationError("Say what would change: give a restriction or --scope; --help lists them.")
        }
    }

    func run(_ session: Session) async throws {
        let path = ["v1", "keys", self.hindsight.key]
        var body = Body()
        if self.restrictions.isGiven {
            let current =
                self.restrictions.needsCurrent ? try await session.client.send(.get, path).body["restrictions"] : nil
            body.set("restrictions", .object(try self.restrictions.applied(to: current)))
        }
        body.set("scopes", list: self.scope)
        body.set("scopes", self.noScopes ? .array([]) : nil)
        body.set("days", .integer(Int64(self.hindsight.days)))
        let answer = try await session.client.send(.post, path + ["what-if"], body: body.json)
        session.show(answer.body, Self.describe)
    }

    static func describe(_ report: JSON) -> String {
        var fields = FieldList()
        fields.add("uses", report.text("uses"))
        fields.add("would be refused", report.text("wouldBeRefused"))
        fields.addNotJudged(report)
        for count in report["byCode"]?.array ?? [] { fields.add(count.text("code"), count.text("count")) }
        let refused = report["refused"]?.array ?? []
        guard !refused.isEmpty else { return fields.text }
        let table = TextTable(
            columns: ["TIME", "CODE", "IP", "METHOD", "PATH", "DETAIL"],
            rows: refused.map { refusal in
                let use = refusal["use"] ?? .null
                return [
                    use.text("time"), refusal.text("code"), use.text("ip"), use.text("method"), use.text("path"),
                    refusal.text("detail"),
                ]
            }
        )
        let count = report["wouldBeRefused"]?.integer ?? 0
        let more = count > refused.count ? "\n\(count - Int64(refused.count)) more are not shown." : ""
        return "\(fields.text)\n\n\(table.text)\(more)"
    }
}

/// The command `claviger key scope-usage`.
struct KeyScopeUsageCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "scope-usage",
        abstract: "Show which scopes of a key were used, and the smaller set that would do.",
        discussion: """
            Example:
              claviger key scope-usage key_00mC3rQ8kXv1pT5yZbN7aL --days 90
            """
    )

    @OptionGroup var hindsight: HindsightOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(
            .get,
            ["v1", "keys", self.hindsight.key, "scope-usage"],
            query: [("days", String(self.hindsight.days))]
        )
        session.show(answer.body) { Self.describe($0, key: self.hindsight.key) }
    }

    static func describe(_ report: JSON, key: String) -> String {
        let granted = report["scopes"]?.array ?? []
        let table = TextTable(
            columns: ["SCOPE", "USES", "LAST USED"],
            rows: granted.map { [$0.text("scope"), $0.text("uses"), $0["lastUsed"]?.string ?? "never"] }
        )
        var fields = FieldList()
        fields.add("uses", report.text("uses"))
        fields.addNotJudged(report)
        let proposed = report["proposed"]?.array?.compactMap(\.string) ?? []
        fields.add("proposed scopes", proposed.isEmpty ? "none" : proposed.joined(separator: " "))
        let text = granted.isEmpty ? fields.text : "\(table.text)\n\n\(fields.text)"
        let judged = (report["uses"]?.integer ?? 0) - (report["notJudged"]?.integer ?? 0)
        // Uses that tell nothing are no reason to take anything away.
        guard judged > 0, Set(proposed) != Set(granted.compactMap { $0["scope"]?.string }) else { return text }
        let options = proposed.isEmpty ? "--no-scopes" : proposed.map { "--scope \($0)" }.joined(separator: " ")
        return "\(text)\n\nTo take the rest away: claviger key update \(key) \(options)".printableLines
    }
}

extension FieldList {
    /// Adds the uses that tell nothing of scopes, as no endpoint rule was for their method and path.
    fileprivate mutating func addNotJudged(_ report: JSON) {
        self.add("without a rule", report["notJudged"]?.integer == 0 ? nil : report.text("notJudged"))
    }
}
