import Foundation

/// One change of the files of an exported log, as a generator makes it; it can be undone.
///
/// `log.json` and `events.*` are left alone. They are no part of what is signed: the first says where the log is from,
/// which `--key` says better, and the others are the entries once more, for people. Nor are the last line of the
/// checkpoint's bits flipped: that is the log's word for the time, a second signature by a key that `--key` does not name,
/// so that no verifier of the log looks at it.
struct LogChange: CustomStringConvertible {
    enum Kind: CaseIterable {
        case flip, delete, reorder, truncate, append, swap, olderFile, olderCheckpoint
    }

    /// A folder with an export, and the same of an earlier time.
    struct Log {
        let folder: String
        let older: String
        /// Relative to the folder.
        let paths: [String]
        let olderPaths: [String]

        init(_ folder: String, older: String) throws {
            self.folder = folder
            self.older = older
            self.paths = try Self.files(folder)
            self.olderPaths = try Self.files(older)
        }

        private static func files(_ folder: String) throws -> [String] {
            let tiles = try FileManager.default.subpathsOfDirectory(atPath: folder + "/tile").map { "tile/" + $0 }
            let files = tiles.filter { path in
                var isDirectory: ObjCBool = false
                return FileManager.default.fileExists(atPath: folder + "/" + path, isDirectory: &isDirectory)
                    && !isDirectory.boolValue
            }
            return ["checkpoint"] + files.sorted()
        }

        func read(_ path: String) throws -> [UInt8] { try Self.read(self.folder + "/" + path) }
        func readOlder(_ path: String) throws -> [UInt8] { try Self.read(self.older + "/" + path) }

        private static func read(_ path: String) throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }

        func write(_ path: String, _ bytes: [UInt8]?) throws {
            let url = URL(fileURLWithPath: self.folder + "/" + path)
            if let bytes {
                try Data(bytes).write(to: url)
            } else {
                try FileManager.default.removeItem(at: url)
            }
        }

        /// The bundle or tile that has become this one: of the same place, with fewer entries or hashes.
        func olderPath(of path: String) -> String? {
            func place(_ path: String) -> String { path.components(separatedBy: ".p/")[0] }
            return self.olderPaths.first { $0 != path && place($0) == place(path) }
        }
    }

    let kind: Kind
    /// What the files had before, by path.
    private(set) var before: [(path: String, bytes: [UInt8])] = []
    private var after: [(path: String, bytes: [UInt8]?)] = []

    /// Makes a change; nil if it would be none.
    init?(of log: Log, using random: inout some RandomNumberGenerator) throws {
        self.kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &random)]
        var path = log.paths[Int.random(in: log.paths.indices, using: &random)]
        switch self.kind {
        case .reorder: path = Self.one(log.paths.filter { $0.hasPrefix("tile/entries/") }, &random)
        case .olderFile: path = Self.one(log.paths.filter { log.olderPath(of: $0) != nil }, &random)
        case .olderCheckpoint: path = "checkpoint"
        case .flip, .delete, .truncate, .append, .swap: break
        }
        let bytes = try log.read(path)
        switch self.kind {
        case .flip:
            let end = path == "checkpoint" ? Self.startOfLastLine(bytes) : bytes.count
            var changed = bytes
            changed[Int.random(in: 0..<end, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            self.note(path, bytes, changed)
        case .delete:
            self.note(path, bytes, nil)
        case .reorder:
            var entries = Self.entries(of: bytes)
            let (one, other) = (
                Int.random(in: entries.indices, using: &random), Int.random(in: entries.indices, using: &random)
            )
            entries.swapAt(one, other)
            self.note(path, bytes, entries.flatMap { $0 })
        case .truncate:
            self.note(path, bytes, Array(bytes[..<Int.random(in: bytes.indices, using: &random)]))
        case .append:
            let more = (0...Int.random(in: 0..<40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            self.note(path, bytes, bytes + more)
        case .swap:
            let other = Self.one(log.paths, &random)
            let otherBytes = try log.read(other)
            self.note(path, bytes, otherBytes)
            self.note(other, otherBytes, bytes)
        case .olderFile:
            guard let older = log.olderPath(of: path) else { return nil }
            self.note(path, bytes, try log.readOlder(older))
        case .olderCheckpoint:
            self.note(path, bytes, try log.readOlder(path))
        }
        if self.after.isEmpty { return nil }
    }

    private mutating func note(_ path: String, _ before: [UInt8], _ after: [UInt8]?) {
        guard before != after else { return }
        self.before.append((path, before))
        self.after.append((path, after))
    }

    func apply(to log: Log) throws {
        for (path, bytes) in self.after { try log.write(path, bytes) }
    }

    func undo(in log: Log) throws {
        for (path, bytes) in self.before { try log.write(path, bytes) }
    }

    var paths: [String] { self.before.map(\.path) }

    /// Whether a message says where the fault is: the file, or what the checkpoint says of all of them.
    func isNamed(by message: String) -> Bool {
        self.paths.contains { path in
            message.contains(path)
                || path == "checkpoint" && ["heckpoint", "rolled back"].contains(where: message.contains)
        }
    }

    var description: String { "\(self.kind) \(self.paths.joined(separator: " "))" }

    private static func one(_ paths: [String], _ random: inout some RandomNumberGenerator) -> String {
        paths[Int.random(in: paths.indices, using: &random)]
    }

    /// The entries with their lengths before them.
    private static func entries(of bundle: [UInt8]) -> [ArraySlice<UInt8>] {
        var entries: [ArraySlice<UInt8>] = []
        var rest = bundle[...]
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex]) << 8 + Int(rest[rest.startIndex + 1])
            entries.append(rest.prefix(2 + length))
            rest = rest.dropFirst(2 + length)
        }
        return entries
    }

    private static func startOfLastLine(_ text: [UInt8]) -> Int {
        (text.dropLast().lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    }
}
