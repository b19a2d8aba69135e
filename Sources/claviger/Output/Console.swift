import ArgumentParser

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

    /// Whether a person can be asked: standard input is a terminal.
    static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

    /// Whether a person sees what is written to standard error.
    static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes over the current line of a terminal, on standard error.
    static func progress(_ text: String) {
        Self.write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    /// Writes lines to standard output.
    static func out(_ text: String) {
        Self.write(text + "\n", to: STDOUT_FILENO)
    }

    /// Writes lines to standard error.
    static func error(_ text: String) {
        Self.write(text + "\n", to: STDERR_FILENO)
    }

    /// Writes bytes to standard output as they are.
    ///
    /// - Throws: when not all of them can be written, as part of an export is worth nothing.
    static func write(_ bytes: [UInt8]) throws {
        guard let code = Self.write(bytes[...], to: STDOUT_FILENO) else { return }
        // Whoever reads a pipe may have seen enough; then there is nobody to tell.
        guard code != EPIPE else { throw ExitCode(ExitStatus.refused.rawValue) }
        throw CommandFailure.refused("Standard output cannot be written: \(String(cString: strerror(code))).")
    }

    private static func write(_ text: String, to descriptor: Int32) {
        // Nobody is left to tell when the reader is gone.
        _ = Self.write(Array(text.utf8)[...], to: descriptor)
    }

    /// Writes everything; the number of the error when that fails.
    private static func write(_ all: ArraySlice<UInt8>, to descriptor: Int32) -> Int32? {
        var bytes = all
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Self.write(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            bytes = bytes.dropFirst(count)
        }
        return nil
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
