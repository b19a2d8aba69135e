import ArgumentParser
import ClavigerClient
import ClavigerCore
import ClavigerLog
import Foundation

/// The command `claviger audit export`.
struct AuditExportCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the whole audit log into a folder that can be verified anywhere, without the server.",
        discussion: """
            Example:
              claviger audit export ./audit-export
              claviger audit verify --dir ./audit-export --key "$(cat log.vkey)"

            The folder has the log as C2SP tlog-tiles lays it out (checkpoint and tile/), log.json with its name and \
            keys, and its entries once more as events.jsonl and events.csv. Personal values are not in it: commitments \
            stand for them.
            """
    )

    @Argument(help: "The folder; it is made, and must be empty if it is there.") var folder: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let info = try await AuditKeyInfo.fetch(session.client)
        let writer = try LogFolderWriter(self.folder)
        let reader = SavingLogReader(reader: ServerLogReader(client: session.client), writer: writer)
        // Read once: what is verified is what is written.
        guard let policy = LogPolicy(origin: info.origin, logKeys: info.keys) else {
            throw CommandFailure.refused("What the server says of its log and its keys does not fit together.")
        }
        let events = try EventFiles(writer)
        var leaves = AuditLeafCheck()
        var bar = ProgressLine(isShown: Console.isErrorTerminal && !self.output.quiet)
        let report: LogReport
        do {
            report = try await LogVerifier(reader, policy: policy, minimumIndex: info.firstIndex).verify(
                onEntry: { index, leaf in
                    try events.add(leaf)
                    return try leaves.check(index, leaf)
                },
                onProgress: { bar.show($0, of: $1) }
            )
        } catch let fault as LogFault {
            bar.clear()
            throw CommandFailure.refused("\(fault)")
        } catch let refusal as RefusedEntry {
            bar.clear()
            throw (refusal.reason as? CommandFailure) ?? CommandFailure.refused("\(refusal)")
        }
        bar.clear()
        try events.close()
        guard leaves.prunedBelow >= report.firstIndex else {
            throw CommandFailure.refused(
                "The entries below \(report.firstIndex) are not there, and nothing in the log says that they were removed."
            )
        }
        // Tiles of pruned entries stay a part of the tree.
        let layout = TileLayout(size: report.size)
        for tile in layout.tiles where !writer.has(tile.path) {
            guard try await reader.read(.tile(tile)) != nil else {
                throw CommandFailure.refused("\(tile.path) is missing on the server.")
            }
        }
        try writer.write(info.json.pretty + "\n", to: AuditKeyInfo.fileName)
        let json: JSON = [
            "folder": .string(self.folder), "size": .integer(Int64(clamping: report.size)),
            "root": .string(report.root.base64),
        ]
        session.show(json) { _ in
            "Exported and verified \(report.entriesChecked) entries into \(self.folder.printable)."
        }
    }
}

/// Reads a log, and keeps what was read.
private struct SavingLogReader<Reader: LogReading>: LogReading {
    let reader: Reader
    let writer: LogFolderWriter

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        guard let bytes = try await self.reader.read(resource) else { return nil }
        try self.writer.write(bytes, to: resource.path)
        return bytes
    }
}

/// Writes the files of an export.
struct LogFolderWriter: Sendable {
    let folder: String

    init(_ folder: String) throws(CommandFailure) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            guard try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else {
                throw CommandFailure.usage("\(folder.printable) is not empty: give a new folder.")
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw .refused("\(folder.printable) cannot be made.")
        }
    }

    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: self.folder + "/" + name)
    }

    func write(_ text: String, to name: String) throws(CommandFailure) {
        try self.write(Array(text.utf8), to: name)
    }

    func write(_ bytes: [UInt8], to name: String) throws(CommandFailure) {
        let url = URL(fileURLWithPath: self.folder + "/" + name)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: url)
        } catch {
            throw .refused("\(self.folder.printable)/\(name) cannot be written.")
        }
    }

    /// A new file that grows.
    func open(_ name: String) throws(CommandFailure) -> FileHandle {
        try self.write([], to: name)
        guard let handle = FileHandle(forWritingAtPath: self.folder + "/" + name) else {
            throw .refused("\(self.folder.printable)/\(name) cannot be written.")
        }
        return handle
    }
}
