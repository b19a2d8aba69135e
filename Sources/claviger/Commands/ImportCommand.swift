import ArgumentParser
import ClavigerClient
import ClavigerCore
import Foundation

/// The command `claviger import`.
struct ImportCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import keys of another system, so that nobody has to change theirs.",
        discussion: """
            Example:
              claviger import keys.csv --api payments --environment production --dry-run
              claviger import old.jsonl --api pay --environment staging --hashes sha256

            The file has a key in each line, as JSON or CSV with the names of the columns in \
            its first line: token or hash, name, consumerExternalId, scopes, expiresAt and more. \
            Lines that cannot be taken are listed with the reason; the others are taken. When \
            it is interrupted, run it again: it continues. See docs/guides/import.md.
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl
        case csv
    }

    enum Hash: String, CaseIterable, ExpressibleByArgument {
        case sha256
        case sha512
        case hmacSHA256 = "hmac-sha256"
    }

    enum HashedPart: String, CaseIterable, ExpressibleByArgument {
        case token
        case rest
    }

    @Argument(help: "The file, or - for standard input.") var file: String
    @Option(help: ArgumentHelp("The api of the keys.", valueName: "name or id")) var api: String
    @Option(help: ArgumentHelp("The environment of the keys.", valueName: "name")) var environment: String
    @Option(help: "How the lines are written; the end of the file's name says it otherwise.") var format: Format?
    @Option(help: "What the hashes are, where they do not say it themselves.") var hashes: Hash?
    @Option(
        help: ArgumentHelp(
            "Read the key of HMAC-SHA-256 from this file of one's own; a line end at its end is no part of it.",
            valueName: "file"
        )
    )
    var hmacKeyFile: String?
    @Option(
        help: ArgumentHelp(
            "Find the key by a part of its token: before:., field:_:2 or first:8; needed for hashes with a salt.",
            valueName: "pattern"
        )
    )
    var find: String?
    @Option(help: "What was hashed: the whole token, or what stands behind the part that --find finds.")
    var hashed: HashedPart?
    @Option(help: ArgumentHelp("The consumer of lines that name none.", valueName: "external id"))
    var consumer: String?
    @Option(help: "What consumers are that are created.") var consumerKind: ConsumerKindArgument?
    @Flag(help: "Create the consumers that do not exist.") var createConsumers = false
    @Option(help: ArgumentHelp("Continue under this name, not under the file's digest.", valueName: "text"))
    var name: String?
    @Flag(help: "Check everything and change nothing.") var dryRun = false
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    enum ConsumerKindArgument: String, CaseIterable, ExpressibleByArgument {
        case user
        case service
        case customer
    }

    func validate() throws {
        try StandardInput.check([("the keys", self.file)], self.server)
        guard self.file != "-" || self.format != nil else {
            throw ValidationError("Say with --format what standard input gives: jsonl or csv.")
        }
        guard self.hashes != .hmacSHA256 || self.hmacKeyFile != nil else {
            throw ValidationError("--hashes hmac-sha256 needs --hmac-key-file.")
        }
    }

    func run(_ session: Session) async throws {
        // All tokens go through this process.
        ProcessHardening.apply()
        let format = try self.chosenFormat()
        let measured = self.file == "-" ? nil : try ImportFile.measure(self.file)
        var query = self.query
        let name = self.dryRun ? nil : self.name ?? self.usualName(measured?.digest)
        if let name { query.append(("name", name)) }
        if let name, self.name == nil, measured == nil {
            session.note("If this is interrupted, send the same again with --name \(name)")
        }
        let headers = try self.headers()
        var total = ImportTotal()
        let progress = ImportProgress(bytes: measured?.bytes, isQuiet: session.output.quiet)
        var parts = try ImportFile(self.file, isCSV: format == .csv)
        while let part = try parts.next() {
            // What an earlier run has brought is not sent again.
            guard part.lastLine > total.lastLine else { continue }
            let answer = try await session.client.upload(
                ["v1", "imports"],
                query: query + [("firstLine", String(part.firstLine))],
                part.bytes,
                as: format == .csv ? "text/csv" : "application/jsonl",
                headers: headers
            )
            total.add(answer.body)
            progress.show(parts.position, total)
        }
        progress.end()
        let wasDone = total.isAllSkipped
        if let id = total.id {
            // The server's own account has the lines of earlier runs too.
            total.take(try await session.client.send(.get, ["v1", "imports", id]).body)
        }
        session.show(total.json(isDryRun: self.dryRun)) { _ in total.text(isDryRun: self.dryRun) }
        if wasDone, let name { session.note(ImportTotal.allSkipped(name)) }
        if total.refused > 0 { throw ExitCode(ExitStatus.refused.rawValue) }
    }

    private func usualName(_ digest: String?) -> String {
        guard let digest else { return ImportName.ofStandardInput(SystemRandom()) }
        return ImportName.ofFile(
            digest,
            createsConsumers: self.createConsumers,
            consumer: self.consumer,
            kind: self.consumerKind?.rawValue
        )
    }

    private func chosenFormat() throws(CommandFailure) -> Format {
        if let format { return format }
        if self.file.hasSuffix(".csv") { return .csv }
        if self.file.hasSuffix(".jsonl") || self.file.hasSuffix(".ndjson") { return .jsonl }
        throw .usage("\(self.file.printable): say with --format whether this is jsonl or csv.")
    }

    private var query: [(String, String)] {
        let given: [(String, String?)] = [
            ("apiId", self.api), ("environment", self.environment), ("hashes", self.hashes?.rawValue),
            ("find", self.find), ("hashed", self.hashed?.rawValue), ("consumerExternalId", self.consumer),
            ("consumerKind", self.consumerKind?.rawValue), ("createConsumers", self.createConsumers ? "true" : nil),
            ("dryRun", self.dryRun ? "true" : nil),
        ]
        return given.compactMap { name, value in value.map { (name, $0) } }
    }

    private func headers() throws(CommandFailure) -> [(String, SecretText)] {
        guard let file = self.hmacKeyFile else { return [] }
        var key = try TokenInput.secret(from: file, atMost: 1024, "a key of HMAC-SHA-256")
        if key.last == UInt8(ascii: "\n") { key.removeLast() }
        if key.last == UInt8(ascii: "\r") { key.removeLast() }
        return [("X-Import-HMAC-Key", SecretText(Data(key).base64EncodedString()))]
    }
}
