import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger policy check`.
struct PolicyCheckCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "List the keys that are in breach of policies.",
        discussion: """
            Example:
              claviger policy check
              claviger policy check production --api payments --output json

            The exit code is 1 when there are some. With --output json there is a line for \
            each key and one with the numbers at the end, however many there are.
            """
    )

    @Argument(help: "Only this policy.") var policy: String?
    @Option(help: ArgumentHelp("Only keys of this api.", valueName: "name or id")) var api: String?
    @Option(help: ArgumentHelp("Only keys of this environment.", valueName: "name")) var environment: String?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let query = [("policy", self.policy), ("apiId", self.api), ("environment", self.environment)]
        var lines = JSONLines()
        var summary: JSON?
        try await session.client.stream(PolicyCommand.path + ["breaches", "export"], query: query.given) { bytes in
            for line in try lines.add(bytes) {
                if let end = line["summary"] { summary = end }
                Self.show(line, session)
            }
        }
        // Without its last line, an answer says nothing of the keys that are not in it.
        guard let summary, let found = summary["inBreach"]?.integer else {
            throw CommandFailure(status: .unreachable, message: "The answer is not complete; try again.")
        }
        if !session.isJSON {
            session.note("\(summary.text("checked")) keys checked, \(found) in breach.")
        }
        if found > 0 { throw ExitCode(ExitStatus.refused.rawValue) }
    }

    private static func show(_ line: JSON, _ session: Session) {
        guard !session.isJSON else { return Console.out(String(decoding: line.serialized(), as: UTF8.self).printable) }
        guard let key = line["key"], !session.output.quiet else { return }
        let place = "\(key.text("api"))/\(key.text("environment"))"
        Console.out("\(key.text("id"))  \(place)  \(key.text("state"))  \(key.text("name"))".printable)
        for violation in line["violations"]?.array ?? [] {
            let policy = violation["policy"]?.string.map { "\($0): " } ?? ""
            let text = "  \(policy)\(violation.text("rule")): \(violation.text("pointer")) \(violation.text("message"))"
            Console.out(text.printable)
        }
    }
}

/// Puts the lines of JSON Lines together that come in pieces which may end anywhere.
struct JSONLines {
    private var begun: [UInt8] = []

    /// The values of the lines that are complete now.
    mutating func add(_ bytes: [UInt8]) throws -> [JSON] {
        self.begun += bytes
        guard let end = self.begun.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = try self.begun[...end].split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
        self.begun.removeSubrange(...end)
        return lines
    }
}
