import ClavigerLog
import Synchronization

/// The logs of which a witness has cosigned something, one origin a line.
///
/// Without it, a file that is gone would look like that of a log that the witness never saw.
final class WitnessIndex: Sendable {
    static let fileName = "witness-logs"
    private static let longest = 16 << 20

    private let path: String
    /// Also held while the file is written, so that no line is lost.
    private let origins: Mutex<Set<NoteLine>>

    /// Reads the file, which every folder of a witness has.
    init(folder: String) throws(WitnessStoreError) {
        self.path = folder + "/" + Self.fileName
        guard let origins = try Self.read(self.path) else { throw .withoutIndex(path: self.path) }
        self.origins = Mutex(origins)
    }

    /// Makes the file of a new witness; false if there is one that has logs.
    static func begin(in folder: String) throws(WitnessStoreError) -> Bool {
        let path = folder + "/" + Self.fileName
        guard try Self.read(path)?.isEmpty ?? true else { return false }
        try Self.write([], path)
        return true
    }

    func contains(_ origin: NoteLine) -> Bool {
        self.origins.withLock { $0.contains(origin) }
    }

    /// Adds a log whose file is on the disk; on the disk itself when this returns.
    func add(_ origin: NoteLine) throws(WitnessStoreError) {
        try self.origins.withLock { origins throws(WitnessStoreError) in
            guard !origins.contains(origin) else { return }
            try Self.write(origins.union([origin]), self.path)
            origins.insert(origin)
        }
    }

    private static func read(_ path: String) throws(WitnessStoreError) -> Set<NoteLine>? {
        let bytes: [UInt8]?
        do throws(DurableFile.Failure) {
            bytes = try DurableFile.read(path, atMost: Self.longest)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        guard let bytes else { return nil }
        var origins: Set<NoteLine> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let text = String(validating: line, as: UTF8.self), let origin = NoteLine(text) else {
                throw .damaged(path: path)
            }
            origins.insert(origin)
        }
        guard bytes.isEmpty || bytes.last == UInt8(ascii: "\n") else { throw .damaged(path: path) }
        return origins
    }

    private static func write(_ origins: Set<NoteLine>, _ path: String) throws(WitnessStoreError) {
        let lines = origins.map(\.utf8).sorted { $0.lexicographicallyPrecedes($1) }
        do throws(DurableFile.Failure) {
            try DurableFile.replace(path, lines.flatMap { $0 + [UInt8(ascii: "\n")] })
        } catch {
            throw .unwritable(path: path, reason: error.reason)
        }
    }
}
