import ClavigerStore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A look at a database file before SQLite touches it.
///
/// SQLite creates side files, and rolls back or checkpoints, as soon as it opens a database. A file that is going to
/// be refused must stay as it is, so the decision is made on its first 100 bytes
/// (<https://www.sqlite.org/fileformat.html#the_database_header>).
enum DatabaseFile {
    /// What a path holds.
    enum Content: Equatable {
        /// Nothing, or an empty file.
        case nothing
        /// A database of Claviger with this schema version.
        case database(version: Int)
    }

    /// Identifies a file whatever its name.
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            self.device = UInt64(truncatingIfNeeded: status.st_dev)
            self.inode = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }

    // POSIX drops all of a process's locks on a file when the process closes any descriptor of it. To read the header
    // of a file that SQLite has open in this process would take SQLite's locks away, and another process could then
    // damage the database. So what is open is known, and is not read here. The lock also covers the reading.
    private static let openFiles = Mutex<[Identity: Int]>([:])

    /// Tells what a path holds, without changing anything.
    ///
    /// - Throws: `.foreign` for a file that is not Claviger's, `.newerSchema` for one of a later version,
    ///   `.failed` for one that cannot be read.
    static func inspect(_ path: String, supported: Int) throws -> Content {
        guard let status = try FileSystem.status(path) else { return .nothing }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError.foreign("\(path) is not a file. Choose another path.")
        }
        guard status.st_size > 0 else { return .nothing }
        let header = try self.openFiles.withLock { openFiles in
            openFiles[Identity(status)] == nil ? try Self.header(of: path) : nil
        }
        // It was inspected when it was opened.
        guard let header else { return .database(version: supported) }
        return try .database(version: Self.version(in: header, path: path, supported: supported))
    }

    /// Notes that SQLite is about to open a file; `release` it after SQLite closed it.
    static func retain(_ path: String) throws -> Retained {
        guard let status = try FileSystem.status(path) else {
            throw StoreError.failed("\(path) does not exist.")
        }
        let identity = Identity(status)
        self.openFiles.withLock { $0[identity, default: 0] += 1 }
        return Retained {
            self.openFiles.withLock { openFiles in
                openFiles[identity] = openFiles[identity].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        }
    }

    /// A file that SQLite has open, until `release`, which counts once.
    final class Retained: Sendable {
        private let action: Mutex<(@Sendable () -> Void)?>

        init(_ action: @escaping @Sendable () -> Void) {
            self.action = Mutex(action)
        }

        deinit {
            self.release()
        }

        func release() {
            let action = self.action.withLock { action in
                defer { action = nil }
                return action
            }
            action?()
        }
    }

    private static func header(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystem.error("read", path) }
        defer { _ = close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw FileSystem.error("read", path) }
        return Array(header.prefix(count))
    }

    private static func version(in header: [UInt8], path: String, supported: Int) throws -> Int {
        guard header.count == 100, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw StoreError.foreign(
                "\(path) is not an SQLite database. If it should be Claviger's, restore a backup with `claviger restore`."
            )
        }
        guard Self.number(in: header, at: 68) == UInt32(bitPattern: SQLiteSettings.applicationID) else {
            throw StoreError.foreign("\(path) is a database of another application. Choose another path.")
        }
        let version = Int(Self.number(in: header, at: 60))
        guard version <= supported else {
            throw StoreError.newerSchema(found: version, supported: supported)
        }
        return version
    }

    private static func number(in header: [UInt8], at offset: Int) -> UInt32 {
        header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
