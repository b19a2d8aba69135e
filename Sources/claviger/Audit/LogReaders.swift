import ClavigerClient
import ClavigerLog
import Foundation

/// Reads a log from a server.
struct ServerLogReader: LogReading {
    let client: ClavigerClient

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        try await self.client.bytes(["audit"] + resource.path.split(separator: "/").map(String.init))
    }
}

/// Reads a log from a folder: an export, or what another tool made of it.
struct FolderLogReader: LogReading {
    /// More than any bundle has.
    private static let longest = 32 * 1024 * 1024

    let folder: String

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        try self.file(resource.path)
    }

    /// A file of the folder; nil if there is none.
    func file(_ name: String) throws(CommandFailure) -> [UInt8]? {
        let path = self.folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try SmallFile.read(path, atMost: Self.longest)
        } catch {
            throw .refused("\(path.printable) cannot be read.")
        }
    }
}
