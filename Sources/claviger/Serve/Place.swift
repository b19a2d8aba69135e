import ClavigerCore
import ClavigerSQLite
import ClavigerService
import Foundation

/// Where a server keeps its data: a folder, or nowhere.
struct Place {
    let folder: DataFolder?
    private let ephemeralFolder: String?

    init(_ configuration: ServerConfiguration) throws {
        guard configuration.data.isEphemeral else {
            self.folder = try DataFolder(path: configuration.data.directory)
            self.ephemeralFolder = nil
            return
        }
        self.folder = nil
        // The first management key has to be somewhere that only this user can read.
        var template = Array((FileManager.default.temporaryDirectory.path + "/claviger-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw StartFailure("No temporary folder can be made for the first management key. Check TMPDIR.")
        }
        self.ephemeralFolder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    var location: SQLiteDatabase.Location {
        self.folder.map { .file($0.databasePath) } ?? .memory
    }

    var firstKeyPath: String {
        self.folder?.firstKeyPath ?? (self.ephemeralFolder ?? "") + "/" + DataFolder.firstKeyName
    }

    /// Where recorded use is kept; nil for nowhere but the journal, which needs files.
    var usageFolder: String? { self.folder?.path }

    /// Where the newest signed head of the audit log is kept.
    func auditHeads(random: any RandomSource) -> any AuditHeadStore {
        guard let folder else { return AuditHeadInMemory() }
        return AuditHeadFile(folder: folder.path, random: random)
    }

    /// The folder that the journal's folder is in.
    var journalParent: String { self.folder?.path ?? self.ephemeralFolder ?? "" }

    func release() {
        self.folder?.release()
        if let ephemeralFolder { try? FileManager.default.removeItem(atPath: ephemeralFolder) }
    }
}
