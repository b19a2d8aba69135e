#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A small file, read whole, with its permissions.
struct BoundedFile {
    var bytes: [UInt8]
    /// The permission bits, such as `0o600`.
    var permissions: UInt32

    enum Failure: Error, Hashable {
        case missing
        case unreadable(reason: String)
        case tooLarge(limit: Int)
    }

    /// Reads a file of at most `limit` bytes.
    init(path: String, limit: Int) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        defer { close(descriptor) }
        self.permissions = try Self.permissions(path)
        self.bytes = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(errno) }
            if count == 0 { return }
            self.bytes += chunk[..<count]
            guard self.bytes.count <= limit else { throw .tooLarge(limit: limit) }
        }
    }

    /// The permissions of a regular file, behind links if the path is one.
    private static func permissions(_ path: String) throws(Failure) -> UInt32 {
        guard let resolved = realpath(path, nil) else { throw Self.failure(errno) }
        defer { free(resolved) }
        // Through FileManager, since the members of `stat` cannot be seen here: NIO's private modules define it too.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: String(cString: resolved)) else {
            throw .unreadable(reason: "its attributes cannot be read")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .unreadable(reason: "not a regular file")
        }
        guard let permissions = attributes[.posixPermissions] as? UInt else {
            throw .unreadable(reason: "its permissions cannot be read")
        }
        return UInt32(permissions) & 0o777
    }

    private static func failure(_ code: Int32) -> Failure {
        code == ENOENT || code == ENOTDIR ? .missing : .unreadable(reason: String(cString: strerror(code)))
    }
}
