import ArgumentParser
import ClavigerCore
import ClavigerLog
import ClavigerSQLite
import Foundation

/// The command `claviger restore FILE`.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of the database. Stop the server first.",
        discussion: """
            Example:
              claviger restore /backups/claviger-monday.db --data ./data

            The backup is verified before anything is changed, and the former database is \
            kept beside it. The audit log goes on under a new name with a new key, as what was \
            recorded after the backup is not in it (claviger audit key). The folder needs the \
            root key that the backup was made under.
            """
    )

    @Argument(help: "The backup.") var file: String
    @OptionGroup var folder: DataOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        let path = try self.folder.databasePath()
        let restore = try await Restore.run(from: self.file, to: path)
        // What was signed after the backup was made is not in it, and must never be contradicted.
        let origin = try await AuditNewLogCommand.begin(in: URL(fileURLWithPath: path).deletingLastPathComponent().path)
        if self.output.output == .json {
            let json: JSON = [
                "bytes": .integer(restore.backup.bytes), "rows": .integer(Int64(restore.backup.rows)),
                "schemaVersion": .integer(Int64(restore.backup.schemaVersion)),
                "former": restore.former.map { .string($0) },
                "auditLog": origin.map { .string($0.text) },
            ]
            Console.out(json.pretty)
        } else if !self.output.quiet {
            Console.out("Restored \(restore.backup.rows) rows (\(restore.backup.bytes) bytes), verified.")
            if let origin { Console.out("The audit log goes on as a new one, named \(origin).") }
            if let former = restore.former { Console.out("The former database is now \(former.printable).") }
        }
    }
}
