import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

@Suite struct FirstStartTests {
    @Test func everythingIsMadeAndNothingSecretIsPrinted() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder, ["--log-level", "trace"])
        let token = try folder.firstKey()
        #expect(token.hasPrefix("claviger_live_"))
        #expect(try folder.mode("data") == 0o700)
        for file in ["first-management-key", "root-key", "claviger.db"] {
            #expect(try folder.mode("data/\(file)") == 0o600, "\(file)")
        }
        let caller = Caller(url: server.url, token: token)
        #expect(await caller.send(.GET, "/readyz")?.status == 200)
        let me = await caller.send(.GET, "/v1/self")
        #expect(me?.body["scopes"] == ["*"])
        let rootKey = try String(contentsOfFile: folder.data + "/root-key", encoding: .utf8)
        #expect(await server.stop() == 0)
        #expect(server.printed.contains("first-management-key"))
        #expect(!server.printed.contains(token.suffix(49)))
        #expect(!server.printed.contains(rootKey.prefix(64)))
    }

    @Test func theSecondStartChangesNothing() async throws {
        let folder = try Folder()
        try await ServerProcess.start(folder).stop()
        let token = try folder.firstKey()
        let server = try await ServerProcess.start(folder)
        #expect(try folder.firstKey() == token)
        #expect(await Caller(url: server.url, token: token).send(.GET, "/v1/self")?.status == 200)
        await server.stop()
        #expect(!server.printed.contains("first management key"))
    }

    @Test func ephemeralLeavesNothingBehind() async throws {
        let folder = try Folder()
        let temporary = folder.path + "/tmp"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        let server = try await ServerProcess.startEphemeral(folder, environment: ["TMPDIR": temporary])
        let found = try FileManager.default.subpathsOfDirectory(atPath: temporary)
        let keyFile = try #require(found.first { $0.hasSuffix("first-management-key") })
        let token = try String(contentsOfFile: "\(temporary)/\(keyFile)", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        #expect(await Caller(url: server.url, token: token).send(.GET, "/v1/self")?.status == 200)
        #expect(await server.stop() == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder.data))
    }

    @Test func whoHasLockedThemselvesOutCanRecover() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let caller = Caller(url: server.url, token: try folder.firstKey())
        let me = await caller.send(.GET, "/v1/self")?.body["id"]?.string ?? ""
        #expect(await caller.send(.POST, "/v1/keys/\(me)/revoke", ["reason": "other"])?.status == 200)
        #expect(await caller.send(.GET, "/v1/self")?.status == 401)
        let busy = try await ServerProcess.run(["recover", "--data", folder.data], folder)
        #expect(busy.status == 1, "not while a server runs")
        await server.stop()
        let recovered = try await ServerProcess.run(["recover", "--data", folder.data], folder)
        #expect(recovered.status == 0, "\(recovered.errors)")
        #expect(try folder.mode("data/recovered-management-key") == 0o600)
        let token = try String(contentsOfFile: folder.data + "/recovered-management-key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        #expect(!recovered.output.contains(token.suffix(49)))
        let again = try await ServerProcess.start(folder)
        #expect(await Caller(url: again.url, token: token).send(.GET, "/v1/self")?.body["scopes"] == ["*"])
        await again.stop()
    }

    @Test func backupAndRestore() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let caller = Caller(url: server.url, token: try folder.firstKey())
        _ = await caller.send(.POST, "/v1/apis", ["name": "before", "prefix": "bef"])
        let backup = folder.path + "/backup.db"
        let made = try await ServerProcess.run(["backup", backup, "--data", folder.data], folder)
        #expect(made.status == 0, "\(made.errors)")
        _ = await caller.send(.POST, "/v1/apis", ["name": "after", "prefix": "aft"])
        let busy = try await ServerProcess.run(["restore", backup, "--data", folder.data], folder)
        #expect(busy.status == 1, "a running server's folder is not replaced")
        await server.stop()
        let restored = try await ServerProcess.run(["restore", backup, "--data", folder.data], folder)
        #expect(restored.status == 0, "\(restored.errors)")
        let again = try await ServerProcess.start(folder)
        let second = Caller(url: again.url, token: try folder.firstKey())
        #expect(await second.send(.GET, "/v1/apis/before")?.status == 200)
        #expect(await second.send(.GET, "/v1/apis/after")?.status == 404)
        await again.stop()
    }
}

extension ServerProcess {
    static func startEphemeral(_ folder: Folder, environment: [String: String]) async throws -> ServerProcess {
        try await Self.start(folder, ["--ephemeral"], environment: environment, usesData: false)
    }
}
