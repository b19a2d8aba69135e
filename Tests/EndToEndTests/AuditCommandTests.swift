import ClavigerCore
import ClavigerTestSupport
import Foundation
import NIOHTTP1
import Testing

/// `claviger audit`, as somebody who reads the log uses it.
@Suite struct AuditCommandTests {
    private static func consumer(_ name: String, _ caller: Caller) async {
        let made = await caller.send(.POST, "/v1/consumers", ["externalId": .string(name), "kind": "customer"])
        #expect(made?.status == 201)
    }

    /// People read the files of events in an export: they have what is signed.
    @Test(.timeLimit(.minutes(5))) func filesForPeopleAreCompared() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let caller = Caller(url: server.url, token: try folder.firstKey())
        await Self.consumer("acme", caller)
        try await Task.sleep(for: .seconds(1))
        let copy = folder.path + "/copy"
        let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": caller.token]
        let exported = try await ServerProcess.run(["audit", "export", copy], folder, environment: environment)
        #expect(exported.status == 0, "\(exported.errors)")
        await server.stop()

        func verify() async throws -> (status: Int32, output: String, errors: String) {
            try await ServerProcess.run(["audit", "verify", "--dir", copy, "--output", "json"], folder)
        }
        let good = try JSON.parse(Array(try await verify().output.utf8))
        #expect(good["valid"] == true)
        #expect(good["asOf"]?.string?.hasSuffix("Z") == true)
        for name in ["events.jsonl", "events.csv"] {
            let path = copy + "/" + name
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains("consumer.create"))
            let changed = text.replacing("consumer.create", with: "consumer.update")
            for other in [changed, String(text.dropLast()), text + "\n", ""] {
                try other.write(toFile: path, atomically: true, encoding: .utf8)
                let found = try await verify()
                #expect(found.status == 1)
                #expect(found.errors.contains(name), "\(found.errors)")
                let json = try JSON.parse(Array(found.output.utf8))
                #expect(json["valid"] == false)
                #expect(json["fault"] == "events")
            }
            try FileManager.default.removeItem(atPath: path)
            #expect(try await verify().status == 0, "without it nobody reads it")
        }
    }

    @Test(.timeLimit(.minutes(5))) func tailShowsWhatIsRecorded() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let caller = Caller(url: server.url, token: try folder.firstKey())
        await Self.consumer("before", caller)
        let tail = try ServerProcess.launch(
            ["audit", "tail", "--last", "1", "--output", "json"],
            folder,
            ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": caller.token]
        )
        func waitFor(_ text: String) async throws -> Bool {
            for _ in 0..<600 {
                if tail.outputText.contains(text) { return true }
                try await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
        #expect(try await waitFor("\n"), "\(tail.errorText)")
        for name in ["first", "second"] {
            await Self.consumer(name, caller)
            #expect(try await waitFor("\"\(name)\""), "\(tail.outputText)\(tail.errorText)")
        }
        // Each once, in its order.
        let events = try tail.outputText.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
        let indexes = events.compactMap { $0["index"]?.integer }
        #expect(indexes.count == events.count)
        #expect(zip(indexes, indexes.dropFirst()).allSatisfy { $0 + 1 == $1 })
        tail.signal(SIGTERM)
        _ = await tail.wait()
        await server.stop()
    }
}
