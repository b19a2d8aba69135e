import ArgumentParser
import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import Foundation

/// The command `claviger recover`.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Make a new owner key when nobody has one any more. Stop the server first.",
        discussion: """
            Example:
              claviger recover --data ./data

            It needs the data folder and the root key, which together can do anything anyway. The new management key \
            is written to FOLDER/recovered-management-key (mode 0600), and making it is recorded in the audit log.
            """
    )

    static let fileName = "recovered-management-key"

    @OptionGroup var options: ServeOptions

    func validate() throws {
        guard !self.options.ephemeral else { throw ValidationError("An ephemeral server has nothing to recover.") }
    }

    func run() async throws {
        let configuration = try ServerConfiguration.load(self.options)
        let random = SystemRandom()
        guard DataFolder.hasDatabase(in: configuration.data.directory) else {
            throw StartFailure("There is no database in \(configuration.data.directory). Name its folder with --data.")
        }
        let folder = try DataFolder(path: configuration.data.directory)
        defer { folder.release() }
        let rootKey = try RootKeyProvider(
            configuration.sealing,
            dataDirectory: folder.path,
            environment: ProcessInfo.processInfo.environment,
            random: random
        ).load(createIfMissing: false)
        let database = try await SQLiteDatabase.open(
            .file(folder.databasePath),
            admission: { try RootKeyCheck.run($0, rootKey) }
        )
        let path = folder.path + "/" + Self.fileName
        do {
            let start = FirstStart(rootKey: rootKey, time: SystemTime(), random: random)
            try await start.recover(SQLAuthorityStore(database, random: random)) {
                try FirstKeyFile.write($0, to: path, random: random)
            }
        } catch {
            try? await database.close()
            throw error
        }
        try await database.close()
        FileHandle.standardOutput.write(Data("A new owner key is in \(path) (mode 0600).\n".utf8))
    }
}
