import ClavigerCore
public import ClavigerLog
import Crypto

/// The folder in which a witness keeps the newest checkpoint of each log, in one file for each.
///
/// A file is named by SHA-256 of the origin, in hexadecimal digits, and holds a signed note: the checkpoint, the log's
/// signature and the witness's cosignature. `witness-logs` says which logs have one. Whoever uses a store must hold the
/// folder alone.
public struct WitnessStore: Sendable {
    private let folder: String
    private let key: VerifierKey
    private let index: WitnessIndex

    /// Uses the folder of a witness that has begun.
    ///
    /// - Parameter key: the key of the witness, by which its records are known again.
    public init(folder: String, key: VerifierKey) throws(WitnessStoreError) {
        self.folder = folder
        self.key = key
        self.index = try WitnessIndex(folder: folder)
    }

    /// Begins a new witness in a folder; false if one has cosigned something there.
    public static func begin(in folder: String) throws(WitnessStoreError) -> Bool {
        try WitnessIndex.begin(in: folder)
    }

    /// The name of the file that a log has in the folder.
    public static func fileName(of origin: NoteLine) -> String {
        Hexadecimal.text(SHA256.hash(data: origin.utf8))
    }

    /// Whether a name is one that a log's file could have.
    public static func isFileName(_ name: String) -> Bool {
        name.utf8.count == 2 * SHA256.byteCount && name == name.lowercased() && Hexadecimal.bytes(name) != nil
    }

    /// The tree of a log that was cosigned last; nil if none ever was.
    public func head(of origin: NoteLine) throws(WitnessStoreError) -> WitnessedHead? {
        let path = self.path(of: origin)
        let bytes: [UInt8]?
        do throws(DurableFile.Failure) {
            bytes = try DurableFile.read(path, atMost: SignedNote.longest)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard let bytes else {
            guard !self.index.contains(origin) else { throw .missing(path: path) }
            return nil
        }
        guard let record = WitnessRecord(parsing: bytes, origin: origin, key: self.key) else {
            throw .damaged(path: path)
        }
        return record.head
    }

    /// Keeps a checkpoint; it is on the disk when this returns.
    func keep(_ record: WitnessRecord, of origin: NoteLine) throws(WitnessStoreError) {
        let path = self.path(of: origin)
        do throws(DurableFile.Failure) {
            try DurableFile.replace(path, record.note.bytes)
        } catch {
            throw .unwritable(path: path, reason: error.reason)
        }
        // Behind the file: a crash between the two leaves one that is found without its line.
        try self.index.add(origin)
    }

    func path(of origin: NoteLine) -> String {
        self.folder + "/" + Self.fileName(of: origin)
    }
}
