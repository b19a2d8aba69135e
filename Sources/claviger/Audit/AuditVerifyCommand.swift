import ArgumentParser
import ClavigerClient
import ClavigerCore
import ClavigerLog
import Foundation

/// The command `claviger audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the whole audit log: every entry, every hash, the signatures, and that nothing was rewritten.",
        discussion: """
            Examples:
              claviger audit verify --key "$(cat log.vkey)" --save last.checkpoint
              claviger audit verify --key "$(cat log.vkey)" --since last.checkpoint
              claviger audit verify --dir ./audit-export --key "$(cat log.vkey)"
              claviger audit verify --proof event-42.tlog-proof --key "$(cat log.vkey)"

            Without --key the log's own word for its key is taken, which proves that the log agrees with itself, not \
            whose it is. Get the key from whoever runs the server, once, by another way (claviger audit key).

            --since takes the checkpoint of an earlier run: what was in the log then must still be in it, unchanged. \
            Keep what --save writes where the server cannot reach it.
            """
    )

    @Option(help: ArgumentHelp("Check this folder, an export, instead of a server.", valueName: "folder"))
    var dir: String?
    @Option(help: ArgumentHelp("Check one proof, as claviger audit prove writes it.", valueName: "file"))
    var proof: String?
    @Option(help: ArgumentHelp("The log's key (NAME+ID+KEY); may be given more than once.", valueName: "vkey"))
    var key: [String] = []
    @Option(help: ArgumentHelp("The key of a witness; may be given more than once.", valueName: "vkey"))
    var witness: [String] = []
    @Option(help: ArgumentHelp("How many witnesses must have signed; all that are given if nothing else is said."))
    var witnesses: Int?
    @Option(help: ArgumentHelp("The first entry that is there, of a log that was pruned.", valueName: "index"))
    var from: UInt64?
    @Option(help: ArgumentHelp("An earlier checkpoint of the log.", valueName: "file")) var since: String?
    @Option(help: ArgumentHelp("Where to keep the checkpoint for the next time.", valueName: "file")) var save: String?
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard self.dir == nil || self.proof == nil else { throw ValidationError("Give --dir or --proof, not both.") }
        guard self.proof == nil || (self.since == nil && self.save == nil) else {
            throw ValidationError("--since and --save are for whole logs.")
        }
    }

    func run() async throws {
        if let proof {
            try self.verifyProof(proof)
        } else if let dir {
            let folder = FolderLogReader(folder: dir)
            try await self.verify(folder, try AuditKeyInfo.read(folder))
        } else {
            let connection = ConnectionSettings(self.server, environment: ProcessInfo.processInfo.environment)
            // A log that is open to all needs no key.
            let settings = try (try? connection.resolve()) ?? connection.resolve(needsToken: false)
            try await ClavigerClient.with(settings) { client in
                let info = settings.token == nil ? nil : try await AuditKeyInfo.fetch(client)
                let policy = try self.policy(info)
                try await self.verify(
                    PatientLogReader(
                        base: ServerLogReader(client: client),
                        witnesses: policy.witnessKeys,
                        needed: policy.witnessesNeeded
                    ),
                    info
                )
            }
        }
    }

    private func verify(_ reader: some LogReading, _ info: AuditKeyInfo?) async throws {
        let policy = try self.policy(info)
        var earlier: SignedNote?
        if let since {
            guard let note = try? SignedNote(parsing: try Self.file(since)) else {
                throw CommandFailure.usage("\(since.printable) is not a checkpoint.")
            }
            earlier = note
        }
        let first = self.from ?? info?.firstIndex ?? 0
        let verifier = LogVerifier(reader, policy: policy, earlier: earlier, minimumIndex: first)
        var leaves = AuditLeafCheck()
        var copies = self.dir.flatMap { ExportedEvents(of: $0) }
        var bar = ProgressLine(isShown: Console.isErrorTerminal && !self.output.quiet)
        let report: LogReport
        do {
            report = try await verifier.verify { index, leaf in
                try copies?.add(leaf)
                return try leaves.check(index, leaf)
            } onProgress: {
                bar.show($0, of: $1)
            }
            bar.clear()
        } catch let fault as LogFault {
            bar.clear()
            throw self.refusal(fault.kind.rawValue, "\(fault)", resource: fault.resource, entry: fault.entryIndex)
        } catch let refusal as RefusedEntry {
            bar.clear()
            let message = (refusal.reason as? CommandFailure)?.message ?? "\(refusal)"
            throw self.refusal("entry", message, resource: .bundle(refusal.bundle), entry: refusal.index)
        }
        // Whoever gives a part of a log has to show that the rest was removed after its time.
        guard leaves.prunedBelow >= report.firstIndex else {
            throw self.refusal(
                "pruned",
                "The entries below \(report.firstIndex) are not there, and nothing in the log says that they were removed."
            )
        }
        if let dir, let name = try copies?.firstDifference(from: dir) {
            throw self.refusal("events", "\(name) does not have the entries of the log: do not use it.")
        }
        if let save { try Self.write(report.checkpoint.note.bytes, to: save) }
        self.tell(report, isOwnWord: self.key.isEmpty)
    }

    private func verifyProof(_ path: String) throws {
        guard !self.key.isEmpty else { throw CommandFailure.usage("A proof needs the key of its log: give --key.") }
        let policy = try self.policy(nil)
        let bytes = try Self.file(path)
        let proof: LogProof
        do throws(LogProofError) {
            proof = try LogProof(parsing: bytes)
        } catch {
            throw self.refusal("proof", "\(path.printable) is not a proof.")
        }
        guard let leaf = proof.extra else {
            throw self.refusal("proof", "The proof does not have its entry with it.")
        }
        do throws(LogProofError) {
            try proof.verify(entry: leaf, by: policy)
        } catch {
            throw self.refusal("proof", "The proof does not hold: \(Self.text(of: error)).")
        }
        var check = AuditLeafCheck()
        _ = try check.check(proof.index, leaf[...])
        try Console.write(leaf + [UInt8(ascii: "\n")])
        if !self.output.quiet { Console.error("Entry \(proof.index) is in the log \(policy.origin.text).") }
    }

    /// Whose word counts.
    private func policy(_ info: AuditKeyInfo?) throws -> LogPolicy {
        let given = try Self.keys(self.key, "--key")
        let keys = given.isEmpty ? info?.keys ?? [] : given
        guard let first = keys.first, let origin = NoteLine(first.name.text) else {
            throw CommandFailure.usage("The key of the log is not known: give it with --key (see claviger audit key).")
        }
        let witnessKeys = try Self.keys(self.witness, "--witness")
        let needed = self.witnesses ?? witnessKeys.count
        guard
            let policy = LogPolicy(origin: origin, logKeys: keys, witnessKeys: witnessKeys, witnessesNeeded: needed),
            keys.allSatisfy({ $0.name == first.name })
        else {
            throw CommandFailure.usage(
                "The keys do not fit together: all of one log, other ones for witnesses, and no more witnesses needed "
                    + "than there are."
            )
        }
        return policy
    }

    private static func keys(_ texts: [String], _ option: String) throws(CommandFailure) -> [VerifierKey] {
        var keys: [VerifierKey] = []
        for text in texts {
            guard let key = try? VerifierKey(parsing: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw .usage(
                    "\(option) takes a verifier key such as keys.example.com/audit+1a2b3c4d+AX… (signed-note)."
                )
            }
            keys.append(key)
        }
        return keys
    }

    /// What is wrong, for people and for programs.
    private func refusal(
        _ fault: String,
        _ message: String,
        resource: LogResource? = nil,
        entry: UInt64? = nil
    ) -> CommandFailure {
        if self.output.output == .json {
            let json: JSON = [
                "valid": false, "fault": .string(fault), "resource": resource.map { .string($0.path) },
                "entry": entry.map { .integer(Int64(clamping: $0)) }, "message": .string(message),
            ]
            Console.out(json.pretty)
        }
        return .refused(message)
    }

    private func tell(_ report: LogReport, isOwnWord: Bool) {
        let signers = report.signers.map { "\($0.name)+\($0.id)" }
        let cosigners = report.cosignatures.map { "\($0.key.name)+\($0.key.id)" }
        if self.output.output == .json {
            let json: JSON = [
                "valid": true, "origin": .string(report.checkpoint.checkpoint.origin.text),
                "size": .integer(Int64(clamping: report.size)), "root": .string(report.root.base64),
                "entriesChecked": .integer(Int64(clamping: report.entriesChecked)),
                "firstIndex": .integer(Int64(clamping: report.firstIndex)),
                "signers": .array(signers.map(JSON.string)), "witnesses": .array(cosigners.map(JSON.string)),
                "since": report.earlier.map { .integer(Int64(clamping: $0.checkpoint.size)) },
                "keyTrusted": .bool(!isOwnWord), "asOf": Self.time(of: report).map(JSON.string),
            ]
            Console.out(json.pretty)
            return
        }
        guard !self.output.quiet else { return }
        var fields = FieldList()
        fields.add("log", report.checkpoint.checkpoint.origin.text)
        fields.add("entries", report.entriesChecked == 0 ? "none" : "\(report.firstIndex) to \(report.size - 1)")
        fields.add("root", report.root.base64)
        fields.add("signed by", signers.joined(separator: ", "))
        fields.add("witnessed by", cosigners.isEmpty ? nil : cosigners.joined(separator: ", "))
        fields.add("rotated keys", report.rotations.isEmpty ? nil : String(report.rotations.count))
        fields.add("unchanged since", report.earlier.map { "\($0.checkpoint.size) entries" })
        fields.add("as of", Self.time(of: report))
        Console.out(fields.text)
        let part =
            report.firstIndex == 0 ? "whole" : "whole from entry \(report.firstIndex) on (older ones were pruned)"
        Console.out("The log is \(part) and signed.")
        if isOwnWord { Console.error("The key is the log's own word; give --key to know whose log it is.") }
    }

    /// When the log itself said last that this is its newest head.
    private static func time(of report: LogReport) -> String? {
        let keys = report.signers.compactMap {
            VerifierKey(name: $0.name, type: .cosignature, publicKey: $0.publicKey)
        }
        guard let note = try? report.checkpoint.note.verified(by: keys),
            let seconds = note.signatures.compactMap({ $0.time?.seconds }).max()
        else { return nil }
        return Timestamp(milliseconds: Int64(clamping: seconds) * 1000).text
    }

    private static func text(of error: LogProofError) -> String {
        switch error {
        case .tooLong, .malformed: "it is damaged"
        case .notIncluded: "the entry is not in the tree of its checkpoint"
        case .checkpoint(.notSignedByLog), .checkpoint(.note(.noKnownKey)): "its checkpoint is not signed with the key"
        case .checkpoint(.wrongOrigin): "its checkpoint is one of another log"
        case .checkpoint(.tooFewWitnesses(let count, let needed)): "\(count) of \(needed) witnesses have signed"
        case .checkpoint: "its checkpoint has a signature that is not right"
        }
    }

    static func file(_ path: String) throws(CommandFailure) -> [UInt8] {
        do throws(SmallFileError) {
            return try SmallFile.read(path, atMost: LogProof.longest)
        } catch {
            throw .usage("\(path.printable): \(error)")
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .refused("\(path.printable) cannot be written.")
        }
    }
}

/// How far something is, on one line of a terminal.
struct ProgressLine {
    private let isShown: Bool
    private var shown: UInt64?

    init(isShown: Bool) {
        self.isShown = isShown
    }

    mutating func show(_ done: UInt64, of total: UInt64) {
        guard self.isShown, total > 0 else { return }
        let percent = done * 100 / total
        guard percent != self.shown else { return }
        self.shown = percent
        let width = 30
        let full = Int(percent) * width / 100
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
        Console.progress("[\(bar)] \(percent) %  \(done) of \(total)")
    }

    func clear() {
        if self.shown != nil { Console.progress("") }
    }
}
