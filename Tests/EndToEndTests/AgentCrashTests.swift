import ClavigerCore
import ClavigerTestSupport
import Foundation
import NIOHTTP1
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The agent as a process that is killed: the token in the file always works.
@Suite struct AgentCrashTests {
    private static let rounds = 60

    /// A server with a key whose token is in a file; answers the key's id.
    private func prepare(_ folder: Folder, _ server: ServerProcess) async throws -> (caller: Caller, key: String) {
        let caller = Caller(url: server.url, token: try folder.firstKey())
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        _ = await caller.send(.POST, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
        let key = await caller.send(
            .POST,
            "/v1/keys",
            ["apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": "agent"]
        )
        let token = try #require(key?.body["token"]?.string)
        _ = FileManager.default.createFile(
            atPath: folder.path + "/token",
            contents: Data("\(token)\n".utf8),
            attributes: [.posixPermissions: 0o600]
        )
        return (caller, try #require(key?.body["key"]?["id"]?.string))
    }

    private func arguments(_ folder: Folder, _ server: ServerProcess, _ more: [String] = []) -> [String] {
        ["agent", "--token-file", folder.path + "/token", "--url", server.url, "--every", "1ms", "--end-grace"] + more
    }

    private func token(_ folder: Folder) throws -> String {
        try String(contentsOfFile: folder.path + "/token", encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    private func code(_ caller: Caller, _ token: String) async -> String? {
        await caller.send(.POST, "/v1/keys/verify", ["token": .string(token)])?.body["code"]?.string
    }

    @Test func oneLookReplacesATokenThatIsOldEnough() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (caller, key) = try await self.prepare(folder, server)
        let first = try self.token(folder)
        let early = try await ServerProcess.run(
            ["agent", "--token-file", folder.path + "/token", "--url", server.url, "--once"],
            folder
        )
        #expect(early.status == 0)
        #expect(try self.token(folder) == first)

        let marker = folder.path + "/told"
        let metrics = folder.path + "/metrics"
        let run = try await ServerProcess.run(
            self.arguments(folder, server, ["--once", "--exec", "touch \(marker)", "--metrics-file", metrics]),
            folder
        )
        #expect(run.status == 0, "\(run.errors)")
        let second = try self.token(folder)
        #expect(second != first)
        #expect(try folder.mode("token") == 0o600)
        #expect(await self.code(caller, first) == "valid")
        #expect(await self.code(caller, second) == "valid")
        #expect(FileManager.default.fileExists(atPath: marker))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/token.rotation"))
        #expect(try String(contentsOfFile: metrics, encoding: .utf8).contains("claviger_agent_rotations_total 1"))
        #expect(!run.output.contains(second.suffix(40)) && !run.errors.contains(second.suffix(40)))

        chmod(folder.path + "/token", 0o644)
        let exposed = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(exposed.status == 2)
        #expect(try self.token(folder) == second)
        chmod(folder.path + "/token", 0o600)

        _ = await caller.send(.POST, "/v1/keys/\(key)/revoke", ["reason": "other"])
        let refused = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(refused.status == 1)
        #expect(await server.stop() == 0)
        let unreachable = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(unreachable.status == 3)
    }

    /// What a crash after the server's answer and before the file leaves behind, and one after the file.
    @Test func anAnswerThatWasLostIsAskedForAgain() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (caller, _) = try await self.prepare(folder, server)
        let old = try self.token(folder)
        let holder = Caller(url: server.url, token: old)
        let answer = await holder.send(
            .POST,
            "/v1/self/rotate",
            ["grace": "1h"],
            headers: [("Idempotency-Key", "agent-lost")]
        )
        let next = try #require(answer?.body["token"]?.string)
        let lookupID = String(old.split(separator: "_").last?.prefix(12) ?? "")
        let journal: JSON = [
            "idempotencyKey": "agent-lost", "lookupId": .string(lookupID), "request": ["grace": "1h"],
        ]
        let path = folder.path + "/token.rotation"
        func leave() {
            _ = FileManager.default.createFile(
                atPath: path,
                contents: Data(journal.serialized()),
                attributes: [.posixPermissions: 0o600]
            )
        }
        leave()
        // With other flags than before: it is the old request that counts.
        let run = try await ServerProcess.run(self.arguments(folder, server, ["--once", "--grace", "2h"]), folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try self.token(folder) == next)
        #expect(await self.code(caller, next) == "valid")
        #expect(!FileManager.default.fileExists(atPath: path))

        leave()
        let marker = folder.path + "/told"
        let told = try await ServerProcess.run(
            self.arguments(folder, server, ["--once", "--exec", "touch \(marker)"]),
            folder
        )
        #expect(told.status == 0, "\(told.errors)")
        #expect(FileManager.default.fileExists(atPath: marker))
        #expect(try self.token(folder) == next)
        #expect(await server.stop() == 0)
    }

    /// A journal whose request is refused is forgotten only where the token in the file is still the current one.
    @Test func theOnlyWayToATokenIsNotForgotten() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (_, _) = try await self.prepare(folder, server)
        let token = try self.token(folder)
        let lookupID = String(token.split(separator: "_").last?.prefix(12) ?? "")
        let path = folder.path + "/token.rotation"
        func leave(_ grace: String) {
            let journal: JSON = [
                "idempotencyKey": "agent-lost", "lookupId": .string(lookupID), "request": ["grace": .string(grace)],
            ]
            _ = FileManager.default.createFile(
                atPath: path,
                contents: Data(journal.serialized()),
                attributes: [.posixPermissions: 0o600]
            )
        }
        // Nothing was done, and nothing ever would be: the grace is too short for a holder.
        leave("1s")
        let refused = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(refused.status != 0)
        #expect(!FileManager.default.fileExists(atPath: path))

        // The token was replaced, and the resent request is refused for another reason.
        let holder = Caller(url: server.url, token: token)
        _ = await holder.send(
            .POST,
            "/v1/self/rotate",
            ["grace": "1h"],
            headers: [("Idempotency-Key", "agent-lost")]
        )
        leave("2h")
        let again = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(again.status != 0)
        #expect(FileManager.default.fileExists(atPath: path), "\(again.errors)")
        leave("1h")
        #expect(try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder).status == 0)
        #expect(try self.token(folder) != token)
        #expect(await server.stop() == 0)
    }

    /// The program may not be told of tokens for days: they are replaced all the same.
    @Test func aCommandThatAlwaysFailsStopsNoRotation() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (caller, _) = try await self.prepare(folder, server)
        var seen = [try self.token(folder)]
        let metrics = folder.path + "/metrics"
        for round in 0..<3 {
            let run = try await ServerProcess.run(
                self.arguments(folder, server, ["--once", "--exec", "false", "--metrics-file", metrics]),
                folder
            )
            #expect(run.status == 1)
            #expect(run.errors.contains("--exec"))
            seen.append(try self.token(folder))
            let journal = try Data(contentsOf: URL(filePath: folder.path + "/token.rotation"))
            // Also before the answer has come.
            #expect(try JSON.parse(Array(journal))["untold"] == (round == 0 ? nil : true))
            #expect(
                try String(contentsOfFile: metrics, encoding: .utf8).contains("claviger_agent_exec_failures_total 1")
            )
        }
        #expect(Set(seen).count == 4)
        #expect(await self.code(caller, try #require(seen.last)) == "valid")
        // Refused now, as the grace before is not over; that the program is to be told is not forgotten.
        let patient = [
            "agent", "--token-file", folder.path + "/token", "--url", server.url, "--every", "1ms", "--once",
        ]
        let refused = try await ServerProcess.run(patient + ["--exec", "false"], folder)
        #expect(refused.status == 1)
        let marker = folder.path + "/told"
        let told = try await ServerProcess.run(patient + ["--exec", "touch \(marker)"], folder)
        #expect(told.status == 0, "\(told.errors)")
        #expect(FileManager.default.fileExists(atPath: marker))
        #expect(try self.token(folder) == seen.last)
        #expect(await server.stop() == 0)
    }

    /// That the program is to be told outlives a rotation that is begun meanwhile, and its refusal.
    @Test func whatIsStillToBeToldIsNotForgotten() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (_, _) = try await self.prepare(folder, server)
        let path = folder.path + "/token.rotation"
        let marker = folder.path + "/told"
        let token = try self.token(folder)
        let lookupID = String(token.split(separator: "_").last?.prefix(12) ?? "")
        func leave(_ request: JSON) {
            let journal: JSON = [
                "idempotencyKey": "agent-lost", "lookupId": .string(lookupID), "request": request, "untold": true,
            ]
            _ = FileManager.default.createFile(
                atPath: path,
                contents: Data(journal.serialized()),
                attributes: [.posixPermissions: 0o600]
            )
        }
        // The pending request is refused for good, as its grace is too short; the program is told all the same.
        leave(["grace": "1s"])
        let patient = ["agent", "--token-file", folder.path + "/token", "--url", server.url, "--once"]
        let failing = try await ServerProcess.run(patient + ["--exec", "false"], folder)
        #expect(failing.status == 1)
        #expect(try JSON.parse(Array(Data(contentsOf: URL(filePath: path)))) == ["untold": true])
        let told = try await ServerProcess.run(patient + ["--exec", "touch \(marker)"], folder)
        #expect(told.status == 0, "\(told.errors)")
        #expect(FileManager.default.fileExists(atPath: marker))
        #expect(!FileManager.default.fileExists(atPath: path))

        // Nobody answers: the program is told before the request is sent again.
        try FileManager.default.removeItem(atPath: marker)
        leave(["grace": "1h"])
        #expect(await server.stop() == 0)
        let alone = try await ServerProcess.run(patient + ["--exec", "touch \(marker)"], folder)
        #expect(alone.status == 3)
        #expect(FileManager.default.fileExists(atPath: marker))
        let left = try JSON.parse(Array(Data(contentsOf: URL(filePath: path))))
        #expect(left["idempotencyKey"] == "agent-lost")
        #expect(left["untold"] == nil)
    }

    @Test(.timeLimit(.minutes(10))) func killedAtAnyMomentItLeavesATokenThatWorks() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let (caller, key) = try await self.prepare(folder, server)
        let random = SeededRandom(seed: 7)
        let begin = ContinuousClock.now
        let whole = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(whole.status == 0, "\(whole.errors)")
        var longest = Int64((ContinuousClock.now - begin).wholeMilliseconds)
        var seen: Set<String> = []
        var (interrupted, killed) = (0, 0)
        for round in 0..<Self.rounds {
            let agent = try ServerProcess.launch(self.arguments(folder, server, ["--once"]), folder, [:])
            // At any moment of a run, and a little beyond; how long a run takes changes with what else the machine does.
            try await Task.sleep(for: .milliseconds(Int64(random.word() % UInt64(longest * 5 / 4 + 1))))
            if agent.isRunning {
                killed += 1
                longest += longest / 8 + 1
            } else {
                longest -= longest / 4
            }
            agent.signal(SIGKILL)
            await agent.wait()
            if FileManager.default.fileExists(atPath: folder.path + "/token.rotation") { interrupted += 1 }
            let token = try self.token(folder)
            seen.insert(token)
            #expect(try folder.mode("token") == 0o600)
            #expect(await self.code(caller, token) == "valid", "round \(round)")
        }
        let last = try await ServerProcess.run(self.arguments(folder, server, ["--once"]), folder)
        #expect(last.status == 0, "\(last.errors)")
        #expect(await self.code(caller, try self.token(folder)) == "valid")
        // The test has seen what it is about.
        #expect(killed > Self.rounds / 4)
        #expect(interrupted > 0)
        #expect(seen.count > 5)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("token") }
        #expect(left.sorted() == ["token", "token.lock"])
        // Nothing was rotated twice: each credential but the last two is retired, and there are as many as tokens.
        let listed = await caller.send(.GET, "/v1/keys/\(key)/credentials")?.body["items"]?.array ?? []
        #expect(listed.filter { $0["state"] == "current" }.count == 1)
        #expect(listed.filter { $0["state"] == "retiring" }.count <= 1)
        #expect(await server.stop() == 0)
    }
}
