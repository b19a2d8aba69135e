import ClavigerCore
import ClavigerTestSupport
import Foundation
import NIOHTTP1
import Testing

/// What stops a start: one clear error that says what to do, and nothing touched.
@Suite struct StartFailureTests {
    private func fails(
        _ arguments: [String],
        _ folder: Folder,
        environment: [String: String] = [:],
        status: Int32,
        says words: [String]
    ) async throws {
        let result = try await ServerProcess.run(
            ["serve", "--port", "0"] + arguments,
            folder,
            environment: environment
        )
        #expect(result.status == status, "\(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(!result.errors.contains("Fatal error"))
        #expect(result.output == "")
    }

    private func database(_ folder: Folder) async throws -> String {
        try await ServerProcess.start(folder).stop()
        return folder.data + "/claviger.db"
    }

    @Test func portInUse() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let port = try #require(server.url.split(separator: ":").last)
        let other = try Folder()
        let result = try await ServerProcess.run(["serve", "--data", other.data, "--port", String(port)], other)
        #expect(result.status == 1)
        #expect(result.errors.contains("in use"))
        #expect(result.errors.contains("--port"))
        await server.stop()
    }

    @Test func folderInUse() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        try await self.fails(["--data", folder.data], folder, status: 1, says: [folder.data])
        await server.stop()
    }

    @Test func wrongRootKey() async throws {
        let folder = try Folder()
        let path = try await self.database(folder)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let key = folder.data + "/root-key"
        try (String(repeating: "ab", count: 32) + "\n").write(toFile: key, atomically: false, encoding: .utf8)
        try await self.fails(["--data", folder.data], folder, status: 1, says: ["root key", "Nothing was changed"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func missingRootKey() async throws {
        let folder = try Folder()
        _ = try await self.database(folder)
        try FileManager.default.removeItem(atPath: folder.data + "/root-key")
        try await self.fails(["--data", folder.data], folder, status: 2, says: ["root-key"])
        #expect(!FileManager.default.fileExists(atPath: folder.data + "/root-key"), "never made anew")
    }

    @Test func exposedRootKey() async throws {
        let folder = try Folder()
        _ = try await self.database(folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.data + "/root-key")
        try await self.fails(["--data", folder.data], folder, status: 2, says: ["root-key", "chmod"])
    }

    @Test func corruptDatabase() async throws {
        let folder = try Folder()
        let path = try await self.database(folder)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data(repeating: 0x55, count: 4096))
        try file.close()
        try await self.fails(["--data", folder.data], folder, status: 1, says: ["claviger.db"])
    }

    @Test func newerDatabase() async throws {
        let folder = try Folder()
        let path = try await self.database(folder)
        let sqlite = try ChildProcess("sqlite3", [path, "PRAGMA user_version = 999"], folder: folder.path)
        #expect(await sqlite.wait() == 0)
        try await self.fails(["--data", folder.data], folder, status: 1, says: ["newer"])
    }

    @Test func dataIsNoFolder() async throws {
        let folder = try Folder()
        try "x".write(toFile: folder.data, atomically: true, encoding: .utf8)
        try await self.fails(["--data", folder.data], folder, status: 1, says: ["folder"])
    }

    /// The tests may run as root, whom modes do not stop: a file system that nobody can write does.
    @Test func readOnlyFolder() async throws {
        let folder = try Folder()
        try await self.fails(["--data", "/proc/claviger"], folder, status: 1, says: ["/proc/claviger"])
    }

    @Test func unknownConfigurationKey() async throws {
        let folder = try Folder()
        let file = folder.path + "/claviger.yaml"
        try "listen:\n  prt: 8080\n".write(toFile: file, atomically: true, encoding: .utf8)
        try await self.fails(["--data", folder.data, "--config", file], folder, status: 2, says: [file, "prt"])
        #expect(!FileManager.default.fileExists(atPath: folder.data))
    }

    @Test func unreadableConfiguration() async throws {
        let folder = try Folder()
        try await self.fails(["--config", folder.path + "/none.yaml"], folder, status: 2, says: ["none.yaml"])
    }

    @Test func badValuesAreAllNamed() async throws {
        let folder = try Folder()
        try await self.fails(
            ["--data", folder.data, "--log-level", "loud"],
            folder,
            environment: ["CLAVIGER_LISTEN_TRUSTED_PROXIES": "10.0.0.0/99", "CLAVIGER_NOTHING": "1"],
            status: 2,
            says: ["--log-level", "CLAVIGER_LISTEN_TRUSTED_PROXIES", "CLAVIGER_NOTHING"]
        )
    }

    @Test func clearTextBeyondThisMachine() async throws {
        let folder = try Folder()
        try await self.fails(["--data", folder.data, "--host", "0.0.0.0"], folder, status: 2, says: ["TLS"])
    }

    @Test(arguments: [["serve", "--prot", "1"], ["nonsense"], ["key", "create"], ["key", "revoke"]])
    func wrongUsage(_ arguments: [String]) async throws {
        let folder = try Folder()
        let result = try await ServerProcess.run(arguments, folder)
        #expect(result.status == 2)
        #expect(result.errors.contains("--help") || result.errors.contains("There are"), "\(result.errors)")
    }

    @Test func unreachableServer() async throws {
        let folder = try Folder()
        let result = try await ServerProcess.run(
            ["ready"],
            folder,
            environment: ["CLAVIGER_URL": "http://127.0.0.1:1"]
        )
        #expect(result.status == 3)
    }
}
