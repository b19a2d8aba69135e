import ClavigerCore
import ClavigerLog
import Foundation
import NIOHTTP1
import Testing

/// A server whose log is cosigned by a witness.
@Suite struct WitnessedLogTests {
    /// A server and its witness, each with a folder of its own.
    private struct Pair {
        let folder: Folder
        let witnessFolder: Folder
        let caller: Caller
        let server: ServerProcess
        /// The key of the log.
        let log: String
        var witness: WitnessProcess

        init() async throws {
            self.folder = try Folder()
            self.witnessFolder = try Folder()
            // The witness has to know the log's key, and the server that of the witness.
            let first = try await ServerProcess.start(self.folder)
            let token = try self.folder.firstKey()
            let key = try await ServerProcess.run(
                ["audit", "key", "--url", first.url],
                self.folder,
                environment: ["CLAVIGER_TOKEN": token]
            )
            #expect(key.status == 0, "\(key.errors)")
            let log = key.output.trimmingCharacters(in: .newlines)
            await first.stop()
            self.log = log
            self.witness = try await WitnessProcess.start(self.witnessFolder, log, ["--name", "witness.example/w1"])
            self.server = try await ServerProcess.start(
                self.folder,
                environment: [
                    "CLAVIGER_AUDIT_WITNESSES": "\(self.witness.key.text) \(self.witness.url)",
                    "CLAVIGER_AUDIT_WITNESS_ALARM": "1s",
                ]
            )
            self.caller = Caller(url: self.server.url, token: token)
        }

        /// Makes a consumer, and waits until the log with it is cosigned.
        func verify(_ name: String) async throws -> (status: Int32, output: String, errors: String) {
            let made = await self.caller.send(
                .POST,
                "/v1/consumers",
                ["externalId": .string(name), "kind": "customer"]
            )
            #expect(made?.status == 201)
            try await Task.sleep(for: .seconds(1))
            let result = try await ServerProcess.run(
                ["audit", "verify", "--url", self.server.url, "--witness", self.witness.key.text],
                self.folder,
                environment: ["CLAVIGER_TOKEN": self.caller.token]
            )
            return result
        }

        /// Waits for an entry of the log.
        func entry(_ action: String) async throws -> JSON? {
            for _ in 0..<300 {
                let answer = await self.caller.send(.GET, "/v1/audit/events?action=\(action)")
                if let found = answer?.body["items"]?.array?.first { return found }
                try await Task.sleep(for: .milliseconds(100))
            }
            return nil
        }
    }

    @Test(.timeLimit(.minutes(5))) func headsAreCosignedAndAMissingWitnessIsOnRecord() async throws {
        var pair = try await Pair()
        let verified = try await pair.verify("first")
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(verified.output.contains("witness.example/w1+"), "\(verified.output)")

        await pair.witness.stop(SIGKILL)
        let alone = try await pair.verify("second")
        #expect(alone.status == 1)
        #expect(alone.errors.contains("witness"), "\(alone.errors)")
        let missing = try #require(try await pair.entry("audit.witness_missing"))
        #expect(missing["target"]?["id"] == "witness.example/w1")
        #expect(missing["after"]?["reason"] == "unreachable")

        let port = try #require(pair.witness.url.split(separator: ":").last.map(String.init))
        pair.witness = try await WitnessProcess.start(pair.witnessFolder, pair.log, port: port)
        #expect(try await pair.entry("audit.witness_back") != nil)
        #expect(try await pair.verify("third").status == 0)

        #expect(await pair.server.stop() == 0)
        await pair.witness.stop()
    }

    @Test func witnessesThatCannotBeOnesAreRefused() async throws {
        let folder = try Folder()
        let name = try #require(NoteKeyName("witness.example/w1"))
        let seed = [UInt8](repeating: 3, count: NoteSigner.seedLength)
        let key = try #require(Cosigner(name: name, seed: seed)).verifierKey.text
        let ofLog = try #require(NoteSigner(name: name, seed: seed)).verifierKey.text
        let refused = [
            "nonsense", key, "\(key) https://", "\(key) http://witness.example", "\(ofLog) https://witness.example",
            "\(key) https://a.example, \(key) https://b.example",
        ]
        for text in refused {
            let error = await #expect(throws: ServerProcess.DidNotStart.self) {
                try await ServerProcess.start(folder, environment: ["CLAVIGER_AUDIT_WITNESSES": text])
            }
            #expect(error?.description.contains("audit.witnesses must") == true, "\(text)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.data))
    }
}
