import Foundation

/// A file of `deploy/`, edited as its first lines tell the operator to edit it.
///
/// An edit that finds nothing, or more than one place, is a failure: the file no longer has what it says.
struct ShippedFile {
    private(set) var text: String
    private let name: String

    /// The folder of the project.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    init(_ name: String) throws {
        self.name = name
        self.text = try String(contentsOfFile: "\(Self.root)/deploy/\(name)", encoding: .utf8)
    }

    /// Changes text that stands in exactly one place.
    mutating func change(_ old: String, to new: String) throws {
        let parts = self.text.components(separatedBy: old)
        guard parts.count == 2 else {
            throw Unexpected("\(self.name) has \(parts.count - 1) places with: \(old)")
        }
        self.text = parts.joined(separator: new)
    }

    /// Changes text in the one line that ends with `# mark`; the mark stays.
    mutating func change(line mark: String, _ old: String, to new: String) throws {
        var lines = self.text.components(separatedBy: "\n")
        let marked = lines.indices.filter { lines[$0].hasSuffix("# \(mark)") }
        guard marked.count == 1, let index = marked.first, lines[index].contains(old) else {
            throw Unexpected("\(self.name) has \(marked.count) lines marked \(mark), or none of them has: \(old)")
        }
        lines[index] = lines[index].replacingOccurrences(of: old, with: new)
        self.text = lines.joined(separator: "\n")
    }

    func write(in folder: String) throws -> String {
        let path = "\(folder)/\(self.name)"
        try self.text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

/// Something is not as the tests need it to be.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
