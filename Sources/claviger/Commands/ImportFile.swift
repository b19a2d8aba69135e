import Crypto
import Foundation

/// Reads a file of keys part by part, each with whole lines: the memory does not grow with the file.
struct ImportFile {
    /// Lines to be sent at once.
    struct Part {
        /// With the names of the columns in front, where there are any.
        var bytes: [UInt8]
        /// The number of its first line that is no names of columns.
        let firstLine: Int
        /// The number of its last line.
        let lastLine: Int
    }

    private static let mostLines = 5000
    private static let mostBytes = 4 * 1024 * 1024
    /// No line that the server takes is longer; with its end.
    private static let longestLine = 64 * 1024 + 2

    private let handle: FileHandle
    private let place: String
    private let isCSV: Bool
    private var columns: [UInt8] = []
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    private var line = 1
    /// How many bytes have been given out.
    private(set) var position = 0

    /// Opens a file, or standard input for `-`.
    init(_ file: String, isCSV: Bool) throws(CommandFailure) {
        self.place = file == "-" ? "Standard input" : file.printable
        if file == "-" {
            self.handle = .standardInput
        } else {
            guard let handle = FileHandle(forReadingAtPath: file) else {
                throw .usage("\(file.printable): there is no such file, or it cannot be read.")
            }
            self.handle = handle
        }
        self.isCSV = isCSV
    }

    /// The size of a file, and the name under which its import continues: the digest of what is in it.
    static func measure(_ file: String) throws(CommandFailure) -> (bytes: Int, digest: String) {
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw .usage("\(file.printable): there is no such file, or it cannot be read.")
        }
        defer { try? handle.close() }
        var hash = SHA256()
        var bytes = 0
        while true {
            let piece = try Self.read(handle, file.printable)
            if piece.isEmpty { break }
            hash.update(data: piece)
            bytes += piece.count
        }
        let digits = hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        return (bytes, "sha256:" + digits.joined())
    }

    /// The next part; nil at the end.
    mutating func next() throws(CommandFailure) -> Part? {
        if self.isCSV, self.columns.isEmpty {
            guard let columns = try self.takeLine() else { return nil }
            self.columns = columns
        }
        let firstLine = self.line
        var bytes = self.columns
        while self.line - firstLine < Self.mostLines, bytes.count < Self.mostBytes, let line = try self.takeLine() {
            bytes += line
        }
        guard self.line > firstLine else { return nil }
        return Part(bytes: bytes, firstLine: firstLine, lastLine: self.line - 1)
    }

    /// The next line with its end, which the last may lack.
    private mutating func takeLine() throws(CommandFailure) -> [UInt8]? {
        var searched = self.start
        while true {
            if let end = self.buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                return self.take(through: end + 1)
            }
            searched = self.buffer.count
            guard !self.isAtEnd else { return self.start < self.buffer.count ? self.take(through: searched) : nil }
            self.buffer.removeFirst(self.start)
            searched -= self.start
            self.start = 0
            // Of a line that is too long only as much is kept as shows that.
            if self.buffer.count > 2 * Self.longestLine {
                self.buffer.removeLast(self.buffer.count - Self.longestLine)
                searched = self.buffer.count
            }
            let piece = try Self.read(self.handle, self.place)
            self.isAtEnd = piece.isEmpty
            self.buffer += piece
        }
    }

    private mutating func take(through end: Int) -> [UInt8] {
        let line = Array(self.buffer[self.start..<end])
        self.start = end
        self.line += 1
        self.position += line.count
        return line
    }

    private static func read(_ handle: FileHandle, _ place: String) throws(CommandFailure) -> Data {
        do {
            return try handle.read(upToCount: 256 * 1024) ?? Data()
        } catch {
            throw .usage("\(place) cannot be read to its end.")
        }
    }
}
