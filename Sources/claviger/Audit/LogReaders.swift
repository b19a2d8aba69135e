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

/// The log of a server whose newest checkpoint its witnesses may be about to cosign: it is waited for some seconds.
struct PatientLogReader<Base: LogReading>: LogReading {
    private static var patience: Int { 50 }
    private static var pause: Duration { .milliseconds(100) }

    let base: Base
    let witnesses: [VerifierKey]
    let needed: Int

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        guard case .checkpoint = resource, self.needed > 0 else { return try await self.base.read(resource) }
        for _ in 0..<Self.patience {
            let bytes = try await self.base.read(resource)
            guard let bytes, let note = try? SignedNote(parsing: bytes), !self.isCosigned(note) else { return bytes }
            try await Task.sleep(for: Self.pause)
        }
        // What is missing then is said by whoever verifies.
        return try await self.base.read(resource)
    }

    private func isCosigned(_ note: SignedNote) -> Bool {
        self.witnesses.count { key in
            note.signatures.contains { $0.name == key.name && $0.id == key.id }
        } >= self.needed
    }
}
