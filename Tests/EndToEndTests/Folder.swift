import Foundation

/// A temporary folder that goes away with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.path + "/claviger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    var data: String { self.path + "/data" }

    func firstKey() throws -> String {
        try String(contentsOfFile: self.data + "/first-management-key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }

    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(self.path)/\(name)")
        return (attributes[.posixPermissions] as? Int) ?? -1
    }
}
