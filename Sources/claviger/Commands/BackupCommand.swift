import ArgumentParser
import ClavigerCore
import ClavigerSQLite

/// The folder of a server, found like the server finds it.
struct DataOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder of the server.", valueName: "folder"))
    var data: String?

    @Option(help: ArgumentHelp("The configuration of the server, which names the folder.", valueName: "file"))
    var config: String?

    /// The path of the database.
    func databasePath() throws -> String {
        var arguments: [String] = []
        if let data { arguments += ["--data=\(data)"] }
        if let config { arguments += ["--config=\(config)"] }
        let configuration = try ServerConfiguration.load(try ServeOptions.parse(arguments))
        return configuration.data.directory + "/claviger.db"
    }
}

/// The command `claviger backup FILE`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up the database, also while the server runs.",
        discussion: """
            Example:
              claviger backup /backups/claviger-monday.db --data ./data

            The file appears when it is complete and has been verified. It does not hold \
            the root key: keep a copy of that in another place, as the backup is worth \
            nothing without it.
            """
    )

    @Argument(help: "The new file.") var file: String
    @Flag(help: "Replace the file if it exists.") var force = false
    @OptionGroup var folder: DataOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        let source = try self.folder.databasePath()
        let backup = try await Backup.create(of: source, at: self.file, replacing: self.force)
        if self.output.output == .json {
            let json: JSON = [
                "file": .string(self.file), "bytes": .integer(backup.bytes),
                "schemaVersion": .integer(Int64(backup.schemaVersion)), "rows": .integer(Int64(backup.rows)),
            ]
            Console.out(json.pretty)
        } else if !self.output.quiet {
            Console.out("Backed up \(backup.rows) rows (\(backup.bytes) bytes) to \(self.file.printable), verified.")
            Console.error("Keep the root key in another place: without it nobody can use the backup.")
        }
    }
}
