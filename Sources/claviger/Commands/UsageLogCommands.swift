import ArgumentParser
import ClavigerClient
import ClavigerCore

/// Which entries of the access log are meant.
struct AccessLogOptions: ParsableArguments {
    @OptionGroup var owner: UsageOwnerOptions
    @Option(help: ArgumentHelp("Only uses in this environment.", valueName: "name")) var environment: String?
    @Option(help: ArgumentHelp("Only uses with this outcome, such as valid or rate_limited.", valueName: "code"))
    var code: String?
    @Option(
        help: ArgumentHelp("Only uses from this network.", valueName: "address or CIDR"),
        transform: CIDR.init(parsing:)
    )
    var network: CIDR?
    @OptionGroup var range: TimeRangeOptions

    func validate() throws {
        guard let code, VerificationCode(rawValue: code) == nil else { return }
        let codes = VerificationCode.allCases.map(\.rawValue)
        let guess = Spelling.closest(to: code, in: codes).map { " Did you mean \($0)?" } ?? ""
        throw ValidationError(
            "There is no code \(code.printable).\(guess) There are \(codes.joined(separator: ", "))."
        )
    }

    func filters(_ session: Session) async throws -> [(String, String?)] {
        try await self.owner.filters(session) + [
            ("environment", self.environment), ("code", self.code), ("network", self.network?.description),
        ] + self.range.filters
    }
}

/// The command `claviger usage log`.
struct UsageLogCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List single uses, the newest first.",
        discussion: """
            Example:
              claviger usage log --consumer acme --code ip_not_allowed --from 24h
              claviger usage log --network 203.0.113.0/24 --all --output json
            """
    )

    @OptionGroup var filter: AccessLogOptions
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.list(
            ["v1", "access-log"],
            try await self.filter.filters(session),
            self.page,
            table: ["TIME", "CODE", "KEY", "IP", "METHOD", "PATH", "COST", "USER AGENT"]
        ) { use in
            let key = use["keyId"]?.string ?? use["lookupId"]?.string ?? ""
            return [use.text("time"), use.text("code"), key]
                + ["ip", "method", "path", "cost", "userAgent"].map(use.member)
        }
    }
}

/// The command `claviger usage export`.
struct UsageExportCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the access log to standard output, the oldest first, however long it is.",
        discussion: """
            Example:
              claviger usage export --format csv --from 30d > access-log.csv
              claviger usage export --api payments | jq -r .code | sort | uniq -c

            The exit code is not 0 when what was written is not complete.
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl
        case csv
    }

    @OptionGroup var filter: AccessLogOptions
    @Option(help: "JSON Lines, or comma-separated values with names in the first line.") var format = Format.jsonl
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard self.output.output == .table || self.format == .jsonl else {
            throw ValidationError("Give --format csv or --output json, not both.")
        }
    }

    func run(_ session: Session) async throws {
        let query = try await self.filter.filters(session) + [("format", self.format.rawValue)]
        var lines = Console.isTerminal ? PrintableLines() : nil
        try await session.client.stream(["v1", "access-log", "export"], query: query.given) { bytes in
            try Console.write(lines?.add(bytes) ?? bytes)
        }
        try Console.write(lines?.rest ?? [])
    }
}

/// Makes lines safe for a terminal that come in pieces which may end anywhere.
struct PrintableLines {
    private var begun: [UInt8] = []

    /// The lines that are complete now.
    mutating func add(_ bytes: [UInt8]) -> [UInt8] {
        self.begun += bytes
        guard let end = self.begun.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = self.begun[...end].split(separator: UInt8(ascii: "\n"))
        self.begun.removeSubrange(...end)
        return lines.flatMap { Self.safe($0) + [UInt8(ascii: "\n")] }
    }

    /// The last line, if nothing ends it.
    var rest: [UInt8] { Self.safe(self.begun[...]) }

    private static func safe(_ line: ArraySlice<UInt8>) -> [UInt8] {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return Array(String(decoding: text, as: UTF8.self).printable.utf8)
    }
}
