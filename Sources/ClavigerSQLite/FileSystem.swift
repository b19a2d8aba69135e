import ClavigerStore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The few things of the operating system that the driver does around SQLite, with its errors made readable.
enum FileSystem {
    /// The absolute form of a path: SQLite would take a relative one that begins with `file:` for a URI.
    static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StoreError.failed("A file path must not be empty or contain a NUL character.")
        }
        guard !path.hasPrefix("/") else { return path }
        guard let folder = getcwd(nil, 0) else {
            throw Self.error("find the current folder for", path)
        }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    /// The folder that an absolute path is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// What a path is: `nil` when there is nothing.
    static func status(_ path: String) throws -> stat? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw Self.error("look at", path)
        }
        return status
    }

    /// The length of a file; `nil` when there is none.
    static func length(_ path: String) throws -> Int64? {
        try Self.status(path).map { Int64($0.st_size) }
    }

    /// Opens a file for this user only; the caller closes it.
    static func create(_ path: String, truncating: Bool) throws -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (truncating ? O_TRUNC : 0)
        let descriptor = open(path, flags, mode_t(0o600))
        guard descriptor >= 0 else { throw Self.error("create", path) }
        guard fchmod(descriptor, 0o600) == 0 else {
            let error = Self.error("set the mode of", path)
            Self.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Gives a file a second name.
    static func link(_ path: String, as target: String) throws {
        guard Self.tryLink(path, target) else { throw Self.error("create", target) }
    }

    private static func tryLink(_ path: String, _ target: String) -> Bool {
        #if canImport(Glibc)
        Glibc.link(path, target) == 0
        #elseif canImport(Musl)
        Musl.link(path, target) == 0
        #else
        Darwin.link(path, target) == 0
        #endif
    }

    /// Gives a finished file its name, in one step and without replacing another file.
    static func publish(_ path: String, as target: String) throws {
        if Self.tryLink(path, target) {
            _ = unlink(path)
            return
        }
        switch errno {
        case EPERM, EOPNOTSUPP, EMLINK, ENOSYS:
            // A file system without hard links.
            guard try Self.status(target) == nil else { fallthrough }
            try Self.rename(path, to: target)
        case EEXIST:
            throw StoreError.failed("\(target) exists already and was left as it is. Choose another name.")
        default:
            throw Self.error("create", target)
        }
    }

    /// Renames, replacing what has the name.
    static func rename(_ path: String, to target: String) throws {
        #if canImport(Glibc)
        let result = Glibc.rename(path, target)
        #elseif canImport(Musl)
        let result = Musl.rename(path, target)
        #else
        let result = Darwin.rename(path, target)
        #endif
        guard result == 0 else { throw Self.error("rename \(path) to", target) }
    }

    /// Whether this user may read and write a file; when not, `error` tells why.
    static func isWritable(_ path: String) -> Bool {
        access(path, R_OK | W_OK) == 0
    }

    /// Closes a descriptor.
    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
    }

    /// Removes files that may be there or not.
    static func remove(_ paths: String...) {
        for path in paths {
            _ = unlink(path)
        }
    }

    /// Waits until a file, or the names in a folder, are on the disk.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("open", path) }
        defer { Self.close(descriptor) }
        // Some network file systems cannot sync a folder.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw Self.error("write", path) }
    }

    /// Refuses a folder that is missing or cannot be written.
    static func requireWritableFolder(_ folder: String) throws {
        guard let status = try Self.status(folder) else {
            throw StoreError.failed("The folder \(folder) does not exist. Create it, or choose another.")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StoreError.failed("\(folder) is not a folder. Choose another path.")
        }
        guard access(folder, R_OK | W_OK | X_OK) == 0 else { throw Self.error("write in", folder) }
    }

    /// The error of the last call, as the port's.
    static func error(_ attempt: String, _ path: String) -> StoreError {
        let code = errno
        switch code {
        case EROFS:
            return .readOnly
        case ENOSPC, EDQUOT:
            return .full
        case EACCES, EPERM:
            return .failed(
                "Cannot \(attempt) \(path): permission denied. Check who owns it, its mode, and the user that claviger runs as."
            )
        default:
            return .failed("Cannot \(attempt) \(path): \(String(cString: strerror(code))).")
        }
    }
}
