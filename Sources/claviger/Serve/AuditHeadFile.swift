import ClavigerCore
import ClavigerLog
import ClavigerService
import Foundation
import Synchronization

/// The newest signed head of the audit log, in a file beside the database.
struct AuditHeadFile: AuditHeadStore {
    /// The name of the file in the data folder.
    static let name = "audit-head"

    let path: String
    let random: any RandomSource

    init(folder: String, random: any RandomSource) {
        self.path = folder + "/" + Self.name
        self.random = random
    }

    func load() throws -> [UInt8]? {
        do throws(SecretFileError) {
            return try SecretFile.read(self.path, atMost: SignedNote.longest)
        } catch {
            guard error == .missing else { throw error }
            return nil
        }
    }

    func save(_ checkpoint: [UInt8]) throws {
        try SecretFile.replace(self.path, checkpoint, random: self.random)
    }
}

/// The same for a server that keeps nothing.
final class AuditHeadInMemory: AuditHeadStore {
    private let head = Mutex<[UInt8]?>(nil)

    func load() throws -> [UInt8]? { self.head.withLock { $0 } }

    func save(_ checkpoint: [UInt8]) throws {
        self.head.withLock { $0 = checkpoint }
    }
}
