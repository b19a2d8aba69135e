import ClavigerStore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Keeps a second server out of a data folder, with a lock that the system drops when the process ends.
///
/// Two servers on one database would each answer from a cache that does not know what the other one revoked.
public final class DirectoryLock: Sendable {
    /// The name of the lock's file in the folder.
    ///
    /// The file stays; what counts is the lock on it.
    public static let fileName = "claviger.lock"

    private let descriptor: Mutex<Int32?>

    /// Takes the lock.
    ///
    /// - Throws: `DatabaseError.unavailable`, naming the process that has it, and other `DatabaseError`s when the
    ///   folder cannot be written.
    public init(folder: String) throws {
        let folder = try FileSystem.absolute(folder)
        try FileSystem.requireWritableFolder(folder)
        let descriptor = try FileSystem.create(folder + "/" + Self.fileName, truncating: false)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error: StoreError =
                errno == EWOULDBLOCK
                ? .unavailable(
                    """
                    The data folder \(folder) is used by another claviger\(Self.holder(descriptor)). Stop that one, \
                    or choose another folder with --data.
                    """
                )
                : FileSystem.error("lock", folder)
            _ = close(descriptor)
            throw error
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            let error = FileSystem.error("write", folder + "/" + Self.fileName)
            _ = close(descriptor)
            throw error
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        self.release()
    }

    /// Gives the lock back; also done when the last reference goes.
    public func release() {
        let descriptor = self.descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let descriptor {
            // Closing is not enough while a child that is being started holds a copy.
            _ = flock(descriptor, LOCK_UN)
            _ = close(descriptor)
        }
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }
}
