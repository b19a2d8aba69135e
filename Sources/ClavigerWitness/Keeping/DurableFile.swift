#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Small files that are on the disk when a call returns, for whoever holds their folder alone.
enum DurableFile {
    /// What the system said.
    struct Failure: Error, Hashable {
        var reason: String

        fileprivate init(_ code: Int32 = errno) {
            self.reason = String(cString: strerror(code))
        }
    }

    /// Reads a file; nil if there is none.
    ///
    /// More bytes than the limit are a failure.
    static func read(_ path: String, atMost limit: Int) throws(Failure) -> [UInt8]? {
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure()
        }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { Self.read(descriptor, into: $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure() }
            guard count > 0 else { return contents }
            contents.append(contentsOf: buffer[..<count])
            guard contents.count <= limit else { throw Failure(EFBIG) }
        }
    }

    /// Replaces a file, or makes it.
    ///
    /// A crash at any moment leaves all of the old file or all of the new one: the contents are on the disk under another
    /// name before the file gets its own, and the name is on the disk when this returns.
    static func replace(_ path: String, _ contents: [UInt8]) throws(Failure) {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure() }
        do throws(Failure) {
            try Self.writeAll(descriptor, contents)
            guard fsync(descriptor) == 0 else { throw Failure() }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0, rename(draft, path) == 0 else { throw Failure() }
        try Self.syncFolder(of: path)
    }

    private static func writeAll(_ descriptor: Int32, _ contents: [UInt8]) throws(Failure) {
        var rest = contents[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure() }
            rest = rest.dropFirst(count)
        }
    }

    /// A name is safe from a power cut when its folder is on the disk.
    private static func syncFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure() }
    }

    private static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
