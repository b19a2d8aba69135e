import ClavigerSQLite
import Foundation

/// The folder that a server keeps everything in, held by this process alone.
struct DataFolder: Sendable {
    static let databaseName = "claviger.db"
    static let firstKeyName = "first-management-key"
    static let rootKeyName = "root-key"

    let path: String
    private let lock: DirectoryLock

    /// Makes the folder if it is missing, readable by its owner only, and takes hold of it.
    init(path: String) throws {
        self.path = path
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else {
                throw StartFailure("\(path) is not a folder. Name another one with --data.")
            }
        } else {
            do {
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw StartFailure("The data folder \(path) cannot be made. Check the path and who may write there.")
            }
        }
        self.lock = try DirectoryLock(folder: path)
        SecretFile.removeDrafts(of: [Self.rootKeyName, Self.firstKeyName, AuditHeadFile.name], in: path)
    }

    var databasePath: String { self.path + "/" + Self.databaseName }
    var firstKeyPath: String { self.path + "/" + Self.firstKeyName }

    /// Whether other users of the machine can reach into the folder: it was there before, and is theirs to arrange.
    ///
    /// The files in it that hold secrets are closed to them all the same.
    var isOpenToOthers: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: self.path)
        return ((attributes?[.posixPermissions] as? NSNumber)?.uint16Value ?? 0) & 0o077 != 0
    }

    /// Whether there is a database yet.
    var hasDatabase: Bool { Self.hasDatabase(in: self.path) }

    /// Whether a folder has a database.
    static func hasDatabase(in path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + Self.databaseName)
    }

    func release() {
        self.lock.release()
    }
}
