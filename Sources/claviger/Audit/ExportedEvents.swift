import ClavigerCore
import Crypto
import Foundation

/// An entry as people and their tools read it: a line of JSON, and a line of a table.
enum ExportedEvent {
    static let lines = "events.jsonl"
    static let table = "events.csv"
    private static let columns = [
        "index", "time", "action", "outcome", "actor", "consumer", "network", "target kind", "target", "reason",
        "request",
        "before", "after",
    ]

    /// The first line of the table.
    static let head = Self.columns.joined(separator: ",") + "\r\n"

    static func line(_ leaf: ArraySlice<UInt8>) -> [UInt8] { leaf + [UInt8(ascii: "\n")] }

    static func row(_ leaf: ArraySlice<UInt8>) throws(CommandFailure) -> [UInt8] {
        let entry = RawMembers(leaf)
        guard entry["index"] != nil else { throw .refused("An entry of the log is not JSON.") }
        let (actor, target) = (RawMembers(entry["actor"] ?? []), RawMembers(entry["target"] ?? []))
        // What stands for the address of whoever acted, or of a use that is recorded: equal ones are of one address.
        let network = actor["network"] ?? RawMembers(entry["after"] ?? [])["network"] ?? []
        let cells = [
            entry.text("index"), entry.text("time"), entry.text("action"), entry.text("outcome"),
            actor["keyId"] == nil ? actor.text("kind") : actor.text("keyId"), actor.text("consumerId"),
            RawMembers(network).text("commitment"), target.text("kind"), target.text("id"), entry.text("reason"),
            entry.text("requestId"),
            entry.text("before"), entry.text("after"),
        ]
        var row: [UInt8] = []
        row.reserveCapacity(leaf.count + 100)
        for (place, cell) in cells.enumerated() {
            if place > 0 { row.append(UInt8(ascii: ",")) }
            Self.append(cell, to: &row)
        }
        row += "\r\n".utf8
        return row
    }

    /// A cell (RFC 4180) that no spreadsheet takes for a formula.
    private static func append(_ text: String, to row: inout [UInt8]) {
        let bytes = text.utf8
        let isFormula = bytes.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        guard bytes.contains(where: { Self.special.contains($0) }) else {
            if isFormula { row.append(UInt8(ascii: "'")) }
            row += bytes
            return
        }
        row.append(UInt8(ascii: "\""))
        if isFormula { row.append(UInt8(ascii: "'")) }
        for byte in bytes {
            if byte == UInt8(ascii: "\"") { row.append(byte) }
            row.append(byte)
        }
        row.append(UInt8(ascii: "\""))
    }

    private static let special = Array(",\"\r\n".utf8)
}

/// The entries of an export as people read them, while it is written.
struct EventFiles {
    private let lines: FileHandle
    private let table: FileHandle

    init(_ writer: LogFolderWriter) throws(CommandFailure) {
        self.lines = try writer.open(ExportedEvent.lines)
        self.table = try writer.open(ExportedEvent.table)
        try self.write(Array(ExportedEvent.head.utf8), self.table)
    }

    func add(_ leaf: ArraySlice<UInt8>) throws(CommandFailure) {
        try self.write(ExportedEvent.line(leaf), self.lines)
        try self.write(ExportedEvent.row(leaf), self.table)
    }

    func close() throws {
        try self.lines.close()
        try self.table.close()
    }

    private func write(_ bytes: [UInt8], _ handle: FileHandle) throws(CommandFailure) {
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            throw .refused("The entries cannot be written: is the disk full?")
        }
    }
}

/// What the files for people must have, found while an export is verified.
struct ExportedEvents {
    private static let part = 1 << 20

    private var lines = SHA256()
    private var table = SHA256()

    /// Nil for a folder that has none of them: a copy of the log alone.
    init?(of folder: String) {
        let isThere = [ExportedEvent.lines, ExportedEvent.table].contains {
            FileManager.default.fileExists(atPath: folder + "/" + $0)
        }
        guard isThere else { return nil }
        self.table.update(data: Array(ExportedEvent.head.utf8))
    }

    mutating func add(_ leaf: ArraySlice<UInt8>) throws(CommandFailure) {
        self.lines.update(data: ExportedEvent.line(leaf))
        self.table.update(data: try ExportedEvent.row(leaf))
    }

    /// The first file that is there and has something else.
    func firstDifference(from folder: String) throws(CommandFailure) -> String? {
        for (name, digest) in [
            (ExportedEvent.lines, self.lines.finalize()), (ExportedEvent.table, self.table.finalize()),
        ] {
            let path = folder + "/" + name
            guard FileManager.default.fileExists(atPath: path) else { continue }
            guard try Self.digest(path) == digest else { return name }
        }
        return nil
    }

    private static func digest(_ path: String) throws(CommandFailure) -> SHA256.Digest {
        do {
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw CommandFailure.refused("\(path.printable) cannot be read.")
            }
            defer { try? handle.close() }
            var hasher = SHA256()
            while let bytes = try handle.read(upToCount: Self.part), !bytes.isEmpty { hasher.update(data: bytes) }
            return hasher.finalize()
        } catch {
            throw .refused("\(path.printable) cannot be read.")
        }
    }
}
