#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why a file was not read; the description ends a sentence that begins with the path.
enum SmallFileError: Error, Hashable, CustomStringConvertible {
    case missing
    case isDirectory
    case tooLong(limit: Int)
    case failed(reason: String)

    var description: String {
        switch self {
        case .missing: "there is no such file."
        case .isDirectory: "is a folder: give the path of a file."
        case .tooLong(let limit): "is longer than \(limit) bytes: is it the right file?"
        case .failed(let reason): "cannot be read (\(reason))."
        }
    }
}

/// Reads files that hold a few lines: configuration, and tokens that come through a pipe.
enum SmallFile {
    /// Reads to the end.
    ///
    /// A pipe is read too, so that `<(…)` of a shell works.
    static func read(_ path: String, atMost limit: Int) throws(SmallFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        return try Self.read(descriptor, atMost: limit)
    }

    /// Reads an open descriptor to its end.
    static func read(_ descriptor: Int32, atMost limit: Int) throws(SmallFileError) -> [UInt8] {
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = buffer.withUnsafeMutableBytes { Self.read(descriptor, into: $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure() }
            guard count > 0 else { return contents }
            contents.append(contentsOf: buffer[..<count])
            guard contents.count <= limit else { throw .tooLong(limit: limit) }
        }
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

    private static func failure() -> SmallFileError {
        switch errno {
        case ENOENT, ENOTDIR: .missing
        case EISDIR: .isDirectory
        default: .failed(reason: String(cString: strerror(errno)))
        }
    }
}
