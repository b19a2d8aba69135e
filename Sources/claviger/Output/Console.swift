#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The terminal or the pipes of the process.
enum Console {
    /// Whether standard output is a terminal, so that a person reads it.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes lines to standard output.
    static func out(_ text: String) {
        Self.write(text + "\n", to: STDOUT_FILENO)
    }

    /// Writes lines to standard error.
    static func error(_ text: String) {
        Self.write(text + "\n", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Self.write(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            // Nobody is left to tell that the reader is gone.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
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
}
