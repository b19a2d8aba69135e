import ClavigerCore
import Foundation
import NIOHTTP1
import Testing

/// What cannot be put on record is not done; what is not what was signed is not gone on with.
@Suite struct AuditFailClosedTests {
    private static let inconsistent = "urn:claviger:problem:audit-log-inconsistent"

    // MARK: A full disk

    /// A server with a data folder of 24 MiB, in a mount namespace of its own, and the folder as it is seen from here.
    private static func startOnSmallDisk(_ folder: Folder) async throws -> (server: ServerProcess, data: String) {
        try FileManager.default.createDirectory(atPath: folder.data, withIntermediateDirectories: true)
        let disk = ["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", folder.data]
        let server = try await ServerProcess.start(folder, mounting: disk)
        return (server, "/proc/\(server.id)/root\(folder.data)")
    }

    private static func draft(_ name: String) -> JSON {
        [
            "apiId": "payments", "environment": "production", "consumerExternalId": "acme", "name": .string(name),
        ]
    }

    /// Makes an api, a consumer and a key; answers the token.
    private static func prepare(_ caller: Caller) async throws -> String {
        _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
        _ = await caller.send(.POST, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
        let key = await caller.send(.POST, "/v1/keys", Self.draft("first"))
        return try #require(key?.body["token"]?.string)
    }

    @Test(.timeLimit(.minutes(5))) func fullDiskRefusesChangesAndGoesOnRecord() async throws {
        let folder = try Folder()
        let (server, data) = try await Self.startOnSmallDisk(folder)
        let caller = Caller(
            url: server.url,
            token: try String(contentsOfFile: data + "/first-management-key", encoding: .utf8)
                .trimmingCharacters(in: .newlines)
        )
        _ = try await Self.prepare(caller)
        try Self.fill(data + "/filler")

        // What is there of the database's own log may still take some.
        let began = Date()
        var acknowledged: [String] = []
        var refused = 0
        for number in 0..<400 where refused < 7 {
            let answer = try #require(await caller.send(.POST, "/v1/keys", Self.draft("\(number)")))
            if answer.status == 201, let id = answer.body["key"]?["id"]?.string {
                #expect(refused == 0, "the disk is still full")
                acknowledged.append(id)
            } else {
                #expect(answer.status == 503, "\(answer.body)")
                refused += 1
            }
        }
        #expect(refused == 7)
        let names = try await caller.all("/v1/keys?apiId=payments").compactMap { $0["id"]?.string }
        #expect(names.count == acknowledged.count + 1, "what was refused was done")

        try FileManager.default.removeItem(atPath: data + "/filler")
        let record = try #require(try await Self.await(caller, "audit.unwritable"))
        #expect(record["actor"]?["kind"] == "system")
        #expect(record["after"]?["refusedChanges"] == 7)
        let since = try #require(record["after"]?["since"]?.string.flatMap { try? Timestamp(parsing: $0) })
        #expect(since.milliseconds >= Int64(began.timeIntervalSince1970 * 1000))
        #expect(since.milliseconds <= Int64(Date().timeIntervalSince1970 * 1000))
        #expect(await caller.send(.POST, "/v1/keys", Self.draft("again"))?.status == 201)
        #expect(try await caller.all("/v1/audit/events?action=audit.unwritable").count == 1)
        let recorded = try await caller.all("/v1/audit/events?action=key.create").compactMap {
            $0["target"]?["id"]?.string
        }
        #expect(Set(acknowledged).isSubset(of: recorded))
        let verified = try await Self.verify(caller, folder)
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(await server.stop() == 0)
    }

    /// Takes all the room that there is.
    private static func fill(_ path: String) throws {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        for size in [1 << 20, 1 << 12] {
            let zeros = Data(count: size)
            while (try? file.write(contentsOf: zeros)) != nil {}
        }
    }

    private static func await(_ caller: Caller, _ action: String) async throws -> JSON? {
        for _ in 0..<500 {
            let events = await caller.send(.GET, "/v1/audit/events?action=\(action)&limit=1")
            if let event = events?.body["items"]?.array?.first { return event }
            try await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }

    private static func verify(
        _ caller: Caller,
        _ folder: Folder
    ) async throws -> (status: Int32, output: String, errors: String) {
        let environment = ["CLAVIGER_URL": caller.url, "CLAVIGER_TOKEN": caller.token]
        return try await ServerProcess.run(["audit", "verify"], folder, environment: environment)
    }

    // MARK: A database that is not the one that was signed

    @Test(.timeLimit(.minutes(5))) func olderDatabaseRefusesChangesUntilANewLogIsBegun() async throws {
        let folder = try Folder()
        var server = try await ServerProcess.start(folder)
        var caller = Caller(url: server.url, token: try folder.firstKey())
        let token = try await Self.prepare(caller)
        await server.stop()
        let (database, copy) = (folder.data + "/claviger.db", folder.path + "/older.db")
        try FileManager.default.copyItem(atPath: database, toPath: copy)

        server = try await ServerProcess.start(folder)
        caller = Caller(url: server.url, token: caller.token)
        #expect(await caller.send(.POST, "/v1/keys", Self.draft("second"))?.status == 201)
        let formerOrigin = await caller.send(.GET, "/v1/audit/key")?.body["origin"]?.string
        await server.stop()
        try FileManager.default.removeItem(atPath: database)
        try FileManager.default.moveItem(atPath: copy, toPath: database)

        // Again and again, also after another start.
        for _ in 0..<2 {
            server = try await ServerProcess.start(folder)
            caller = Caller(url: server.url, token: caller.token)
            let before = try await caller.all("/v1/keys?apiId=payments").count
            for path in ["/v1/keys", "/v1/consumers"] {
                let answer = await caller.send(
                    .POST,
                    path,
                    path == "/v1/keys" ? Self.draft("third") : ["externalId": "globex", "kind": "customer"]
                )
                #expect(answer?.status == 503)
                #expect(answer?.body["type"]?.string == Self.inconsistent)
                #expect(answer?.body["detail"]?.string?.contains("claviger audit new-log") == true)
            }
            let verdict = await caller.send(.POST, "/v1/keys/verify", ["token": .string(token)])
            #expect(verdict?.body["valid"] == true, "keys are verified all the same")
            #expect(try await caller.all("/v1/keys?apiId=payments").count == before)
            #expect(try await Self.verify(caller, folder).status == 1, "no head is served that contradicts another")
            await server.stop()
        }

        let begun = try await ServerProcess.run(["audit", "new-log", "--data", folder.data], folder)
        #expect(begun.status == 0, "\(begun.errors)")
        server = try await ServerProcess.start(folder)
        caller = Caller(url: server.url, token: caller.token)
        #expect(await caller.send(.POST, "/v1/keys", Self.draft("third"))?.status == 201)
        let origin = await caller.send(.GET, "/v1/audit/key")?.body["origin"]?.string
        #expect(origin != formerOrigin)
        let record = try await caller.all("/v1/audit/events?action=audit.new_log").first
        #expect(record?["after"]?["formerOrigin"]?.string == formerOrigin)
        #expect(record?["after"]?["origin"]?.string == origin)
        let verified = try await Self.verify(caller, folder)
        #expect(verified.status == 0, "\(verified.errors)")
        await server.stop()
    }

    @Test(.timeLimit(.minutes(5))) func changedByteInTheDatabaseIsNamed() async throws {
        let folder = try Folder()
        var server = try await ServerProcess.start(folder)
        var caller = Caller(url: server.url, token: try folder.firstKey())
        let token = try await Self.prepare(caller)
        // More than a full tile, as the server itself looks only at what comes after those when it starts.
        let drafts = (0..<300).map { Self.draft("key \($0)") }
        #expect(await caller.send(.POST, "/v1/keys/batch", ["keys": .array(drafts)])?.status == 201)
        #expect(try await Self.verify(caller, folder).status == 0)
        await server.stop()

        try await Self.changeLeaf(100, folder)
        server = try await ServerProcess.start(folder)
        caller = Caller(url: server.url, token: caller.token)
        let verified = try await Self.verify(caller, folder)
        #expect(verified.status == 1)
        #expect(verified.errors.contains("Entry 100 in tile/entries/000 "), "\(verified.errors)")
        await server.stop()

        // One that is in no full tile yet.
        try await Self.changeLeaf(300, folder)
        server = try await ServerProcess.start(folder)
        caller = Caller(url: server.url, token: caller.token)
        #expect(await caller.send(.POST, "/v1/keys", Self.draft("more"))?.body["type"]?.string == Self.inconsistent)
        let verdict = await caller.send(.POST, "/v1/keys/verify", ["token": .string(token)])
        #expect(verdict?.body["valid"] == true)
        await server.stop()
    }

    /// Changes a byte of an event.
    private static func changeLeaf(_ index: Int, _ folder: Folder) async throws {
        let (old, new) = (#"'"outcome":"done"'"#, #"'"outcome":"dona"'"#)
        let leaf = try await folder.changeEvents(
            """
            UPDATE audit_events SET leaf = CAST(replace(CAST(leaf AS TEXT), \(old), \(new)) AS BLOB)
            WHERE event_index = \(index)
            """,
            then: "SELECT CAST(leaf AS TEXT) FROM audit_events WHERE event_index = \(index)"
        )
        #expect(leaf.contains(#""outcome":"dona""#))
    }
}
