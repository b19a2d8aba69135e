import ArgumentParser
import ClavigerCore
import ClavigerLog
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import Foundation

/// The command `claviger audit new-log`.
struct AuditNewLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-log",
        abstract: "Begin a new audit log over the events that there are. Stop the server first.",
        discussion: """
            Example:
              claviger audit new-log --data ./data

            For a server that says that its audit log is not what was signed, when you have found out why and keep the \
            events as they are. The new log has another name and another key, and its first new entry says so: give \
            the new key to those who verify (claviger audit key). What was signed for the former log stays valid for \
            it, so keep a copy of what you have of it.
            """
    )

    @OptionGroup var folder: DataOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        let path = try self.folder.databasePath()
        let folder = String(path.dropLast(DataFolder.databaseName.count + 1))
        guard DataFolder.hasDatabase(in: folder) else {
            throw StartFailure("There is no database in \(folder). Name its folder with --data.")
        }
        let origin = try await Self.begin(in: folder)
        if self.output.output == .json {
            Console.out((["origin": origin.map { .string($0.text) }] as JSON).pretty)
        } else if !self.output.quiet {
            Console.out(origin.map { "The audit log is a new one, named \($0)." } ?? "There was no log to contradict.")
        }
    }

    /// Begins a new log in a data folder that nobody uses; nil where none was signed before.
    static func begin(in folder: String) async throws -> NoteKeyName? {
        let hold = try DataFolder(path: folder)
        defer { hold.release() }
        let random = SystemRandom()
        let database = try await SQLiteDatabase.open(.file(folder + "/" + DataFolder.databaseName))
        do {
            let origin = try await AuditLog.beginAgain(
                SQLAuthorityStore(database, random: random),
                heads: AuditHeadFile(folder: folder, random: random),
                at: SystemTime().now(),
                from: random
            )
            try await database.close()
            return origin
        } catch {
            try? await database.close()
            throw error
        }
    }
}
