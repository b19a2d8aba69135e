import ArgumentParser
import ClavigerClient
import ClavigerCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The command `claviger leak …`.
struct LeakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leak",
        abstract: "Report tokens that were found where they do not belong.",
        discussion: "Example:\n  claviger leak report --source pastebin < found.txt",
        subcommands: [Report.self, List.self]
    )

    enum Outcome: String, CaseIterable, ExpressibleByArgument {
        case compromised
        case suspended
        case reported
        case alreadyEnded = "already_ended"
    }

    struct Report: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report leaked tokens: their keys end, or what their api says.",
            discussion: """
                Example:
                  claviger leak report --source bin --found-at https://example.com/1 < found
                  claviger leak report --file found.txt

                One token a line; empty lines are left out. Tokens are never taken from \
                arguments, which other users of this machine can see. Reporting again \
                changes nothing.
                """
        )

        @Option(help: ArgumentHelp("The file with the tokens; - for standard input.", valueName: "file"))
        var file = "-"
        @Option(help: ArgumentHelp("Who or what found them.", valueName: "text")) var source: String?
        @Option(help: ArgumentHelp("Where they were found.", valueName: "url")) var foundAt: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try StandardInput.check([("the tokens", self.file)], self.server)
        }

        func run(_ session: Session) async throws {
            let lines = try LeakedLines(file: self.file)
            var items: [JSON] = []
            for batch in lines.bodies(source: self.source, url: self.foundAt) {
                let answer = try await session.client.send(.post, ["v1", "leaks"], body: batch)
                items += answer.body["items"]?.array ?? []
            }
            // By its line, as a token is not shown again.
            let numbers = lines.numbers
            session.show(["items": .array(items)]) { _ in
                var table = TextTable(columns: ["LINE", "OUTCOME", "KEY"])
                for (number, item) in zip(numbers, items) {
                    table.add([String(number), item.text("outcome"), item.text("keyId")])
                }
                return table.text
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List reports of leaked tokens, the newest first.",
            discussion: "Example:\n  claviger leak list --outcome compromised"
        )

        @Option(help: ArgumentHelp("Only reports of this key.", valueName: "key id")) var key: String?
        @Option(help: ArgumentHelp("Only reports of this source.", valueName: "text")) var source: String?
        @Option(help: "Only reports that ended so.") var outcome: Outcome?
        @OptionGroup var page: ListOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            try await session.list(
                ["v1", "leaks"],
                [("keyId", self.key), ("source", self.source), ("outcome", self.outcome?.rawValue)],
                self.page,
                table: ["TIME", "KEY", "OUTCOME", "SOURCE", "URL"]
            ) { report in
                ["reportedAt", "keyId", "outcome", "source", "url"].map(report.member)
            }
        }
    }
}

/// Tokens that were found, one a line.
struct LeakedLines {
    private static let sizeLimit = 16 * 1024 * 1024
    private static let batch = 1000

    private let tokens: [String]
    /// The number of each token's line, from 1.
    let numbers: [Int]

    /// Reads a file, or standard input for `-`.
    init(file: String) throws(CommandFailure) {
        let place = file == "-" ? "Standard input" : file.printable
        let contents: [UInt8]
        do throws(SmallFileError) {
            contents =
                file == "-"
                ? try SmallFile.read(STDIN_FILENO, atMost: Self.sizeLimit)
                : try SmallFile.read(file, atMost: Self.sizeLimit)
        } catch {
            throw .usage("\(place) \(error)")
        }
        try self.init(contents, place: place)
    }

    /// Takes the lines of a text.
    ///
    /// - Throws: for a text without any.
    init(_ contents: [UInt8], place: String) throws(CommandFailure) {
        var tokens: [String] = []
        var numbers: [Int] = []
        let lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
            var text = line.drop { blanks.contains($0) }
            while let last = text.last, blanks.contains(last) { text = text.dropLast() }
            guard !text.isEmpty else { continue }
            // The server refuses longer ones, and with them the whole report.
            guard text.count <= 1024, let token = String(validating: text, as: UTF8.self) else {
                throw .usage("\(place): line \(index + 1) is no token; there has to be one in each line.")
            }
            tokens.append(token)
            numbers.append(index + 1)
        }
        guard !tokens.isEmpty else { throw .usage("\(place) has no token in it.") }
        self.tokens = tokens
        self.numbers = numbers
    }

    /// The bodies of the calls that report them.
    func bodies(source: String?, url: String?) -> [JSON] {
        stride(from: 0, to: self.tokens.count, by: Self.batch).map { start in
            let end = min(start + Self.batch, self.tokens.count)
            var body = Body()
            body.set(
                "tokens",
                .array(self.tokens[start..<end].map { ["token": .string($0), "url": url.map { .string($0) }] })
            )
            body.set("source", source)
            return body.json
        }
    }
}
