import Foundation
import Testing

/// Test vectors of others, in a folder beside the package. The known answers in these tests stand without it.
enum SharedVectors {
    static let absence: Comment = "there is no ../shared/vectors beside the package: the vectors of others are not run"

    /// The folder, if it is there.
    static let folder: URL? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = package.deletingLastPathComponent().appending(path: "shared/vectors")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static func bytes(_ path: String) throws -> [UInt8] {
        let folder = try #require(Self.folder)
        return Array(try Data(contentsOf: folder.appending(path: path)))
    }

    /// The paths of all files below a folder, relative to ``folder``.
    static func files(below path: String) throws -> [String] {
        let folder = try #require(Self.folder)
        let start = folder.appending(path: path)
        let names = try FileManager.default.subpathsOfDirectory(atPath: start.path)
        return names.map { path + "/" + $0 }.filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder.appending(path: $0).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}
