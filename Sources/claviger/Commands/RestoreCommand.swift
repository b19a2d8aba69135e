import ArgumentParser
import ClavigerCore
import ClavigerSQLite

/// The command `claviger restore FILE`.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of the database. Stop the server first.",
        discussion: """
            Example:
              claviger restore /backups/claviger-monday.db --data ./data

            The backup is verified before anything is changed, and the former database is \
            kept beside it. The folder needs the root key that the backup was made under.
            """
    )

    @Argument(help: "The backup.") var file: String
    @OptionGroup var folder: DataOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        let restore = try await Restore.run(from: self.file, to: try self.folder.databasePath())
        if self.output.output == .json {
            let json: JSON = [
                "bytes": .integer(restore.backup.bytes), "rows": .integer(Int64(restore.backup.rows)),
                "schemaVersion": .integer(Int64(restore.backup.schemaVersion)),
                "former": restore.former.map { .string($0) },
            ]
            Console.out(json.pretty)
        } else if !self.output.quiet {
            Console.out("Restored \(restore.backup.rows) rows (\(restore.backup.bytes) bytes), verified.")
            if let former = restore.former { Console.out("The former database is now \(former.printable).") }
        }
    }
}
