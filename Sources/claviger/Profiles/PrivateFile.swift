#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why a file was not written.
struct PrivateFileError: Error, Hashable {
    var reason: String
}

/// Writes files that only their owner may read.
enum PrivateFile {
    /// Replaces a file by one with mode 0600, and makes the folders above it with mode 0700.
    ///
    /// The contents go to another name first and are renamed then, so that a crash leaves the old file or the new one.
    static func replace(_ path: String, with contents: [UInt8]) throws(PrivateFileError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        try Self.makeFolders(folder)
        let draft = "\(path).new-\(getpid())"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure() }
        do throws(PrivateFileError) {
            guard fchmod(descriptor, 0o600) == 0 else { throw Self.failure() }
            try Self.write(contents, to: descriptor)
            guard fsync(descriptor) == 0 else { throw Self.failure() }
            guard rename(draft, path) == 0 else { throw Self.failure() }
            close(descriptor)
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
    }

    private static func write(_ contents: [UInt8], to descriptor: Int32) throws(PrivateFileError) {
        var rest = contents[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Self.write(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure() }
            rest = rest.dropFirst(count)
        }
    }

    private static func makeFolders(_ folder: String) throws(PrivateFileError) {
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, 0o700) == 0 || errno == EEXIST || access(path, X_OK) == 0 else { throw Self.failure() }
        }
    }

    private static func write(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
        Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
        Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure() -> PrivateFileError {
        PrivateFileError(reason: String(cString: strerror(errno)))
    }
}
