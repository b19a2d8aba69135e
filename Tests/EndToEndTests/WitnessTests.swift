import ClavigerClient
import ClavigerLog
import ClavigerTestSupport
import ClavigerWitness
import Foundation
import Testing

/// `claviger witness`, from the outside.
@Suite struct WitnessTests {
    private static let name = "witness.example/w1"

    private func start(_ folder: Folder, _ log: TestLog, _ arguments: [String] = []) async throws -> WitnessProcess {
        try await WitnessProcess.start(folder, log.key.text, arguments)
    }

    private func fails(
        _ arguments: [String],
        _ folder: Folder,
        status: Int32 = 2,
        says words: [String]
    ) async throws {
        let result = try await ServerProcess.run(["witness", "--port", "0"] + arguments, folder)
        #expect(result.status == status, "\(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(!result.errors.contains("PRIVATE+KEY"))
        #expect(result.output == "")
    }

    @Test func remembersAcrossRestarts() async throws {
        let folder = try Folder()
        let log = try TestLog(20)
        let fork = log.forked(after: 4)
        let first = try await self.start(folder, log, ["--name", Self.name])
        #expect(first.key.name.text == Self.name)
        #expect(first.key.type == .cosignature)
        #expect(try String(contentsOfFile: folder.data + "/witness-vkey", encoding: .utf8) == "\(first.key)\n")
        #expect(try folder.mode("data") == 0o700)
        #expect(try folder.mode("data/witness-key") == 0o600)
        guard case .cosigned = try await first.add(log.request(from: 0, to: 7)) else {
            Issue.record("not cosigned")
            return
        }
        // Two processes on one folder.
        try await self.fails(
            ["--data", folder.data, "--log", log.key.text],
            folder,
            status: 1,
            says: [folder.data, "process \(first.process.id)"]
        )
        #expect(await first.stop() == 0)
        let second = try await self.start(folder, log)
        #expect(second.key == first.key)
        #expect(try await second.add(log.request(from: 0, to: 8)) == .conflict(lastSize: 7))
        #expect(try await second.add(fork.request(from: 7, to: 7)) == .conflict(lastSize: 7))
        #expect(try await second.add(fork.request(from: 7, to: 12)) == .refused(status: 422))
        #expect(try await second.add(fork.request(from: 0, to: 12)) == .conflict(lastSize: 7))
        guard case .cosigned = try await second.add(log.request(from: 7, to: 12)) else {
            Issue.record("not cosigned")
            return
        }
        #expect(await second.stop() == 0)
        let printed = [first, second].map { $0.process.outputText + $0.process.errorText }
        #expect(!printed.contains { $0.contains("PRIVATE+KEY") })
    }

    /// Killed again and again while it cosigns: it never forgets what it cosigned.
    @Test(.timeLimit(.minutes(5))) func killedWhileItCosigns() async throws {
        let folder = try Folder()
        let log = try TestLog(4000)
        let fork = log.forked(after: 0)
        var acknowledged = 0
        var sent = 0
        for round in 0..<6 {
            let witness = try await self.start(folder, log, ["--name", Self.name])
            if sent > 0 {
                guard case .conflict(let last) = try await witness.add(log.request(from: 0, to: sent + 1)) else {
                    Issue.record("it forgot")
                    return
                }
                #expect((UInt64(acknowledged)...UInt64(sent)).contains(last))
                acknowledged = Int(last)
                #expect(try await witness.add(fork.request(from: acknowledged, to: sent + 1)) == .refused(status: 422))
            }
            let client = try witness.client()
            let begin = acknowledged
            let (cosigned, continuation) = AsyncStream<Int>.makeStream()
            async let work: (acknowledged: Int, sent: Int) = Self.work(client, log, from: begin) {
                continuation.yield($0)
            }
            // At another moment each time, and never before it has cosigned something.
            _ = await cosigned.first { $0 > begin + 3 }
            try await Task.sleep(for: .milliseconds(round * 37 % 50))
            _ = await witness.stop(SIGKILL)
            let done = try await work
            await client.shutDown()
            #expect(done.acknowledged > begin)
            (acknowledged, sent) = done
        }
    }

    /// Adds one leaf after the other until the witness is gone.
    private static func work(
        _ client: WitnessClient,
        _ log: TestLog,
        from size: Int,
        onCosigned: @Sendable (Int) -> Void
    ) async throws -> (Int, Int) {
        var size = size
        while true {
            switch try await client.add(log.request(from: size, to: size + 1)) {
            case .cosigned:
                size += 1
                onCosigned(size)
            case .unreachable: return (size, size + 1)
            case let other:
                Issue.record("\(other)")
                return (size, size + 1)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func theKeyIsKept() async throws {
        let folder = try Folder()
        let log = try TestLog(3)
        let common = ["--data", folder.data, "--log", log.key.text]
        try await self.fails(common, folder, says: ["--name"])
        try await self.fails(common + ["--name", "a b"], folder, says: ["--name", "spaces"])
        let witness = try await self.start(folder, log, ["--name", Self.name])
        guard case .cosigned = try await witness.add(log.request(from: 0, to: 2)) else {
            Issue.record("not cosigned")
            return
        }
        #expect(await witness.stop() == 0)
        try await self.fails(common + ["--name", "other.example"], folder, says: [Self.name, "--name"])
        let key = folder.data + "/witness-key"
        let text = try String(contentsOfFile: key, encoding: .utf8)
        #expect(text.hasPrefix("PRIVATE+KEY+\(Self.name)+"))
        for mode in [0o640, 0o604] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
            try await self.fails(common, folder, says: [key, "chmod 600"])
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        // The public key where the log's key belongs.
        let own = ["--data", folder.data, "--log", witness.key.text]
        try await self.fails(own, folder, says: ["witness itself"])
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: key))
        try await self.fails(common, folder, says: [key])
        #expect(try String(contentsOfFile: key, encoding: .utf8) == "nonsense\n")
        try FileManager.default.removeItem(atPath: key)
        try await self.fails(common + ["--name", Self.name], folder, says: ["witness-key", "missing"])
        #expect(!FileManager.default.fileExists(atPath: key), "never made anew")
        // Only the key is brought back from a backup.
        try Data(text.utf8).write(to: URL(fileURLWithPath: key))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        try FileManager.default.removeItem(atPath: folder.data + "/witness-logs")
        try await self.fails(common, folder, status: 1, says: ["witness-logs", "empty folder"])
    }

    @Test(.timeLimit(.minutes(1))) func whatStopsAStart() async throws {
        let folder = try Folder()
        let log = try TestLog(3).key.text
        let common = ["--data", folder.data, "--name", Self.name]
        try await self.fails(common, folder, says: ["--log"])
        try await self.fails(common + ["--log", log + "x"], folder, says: ["--log", log + "x"])
        try await self.fails(common + ["--log", log, "--host", "0.0.0.0"], folder, says: ["TLS", "--tls-certificate"])
        try await self.fails(common + ["--log", log, "--host", "example.com"], folder, says: ["--host"])
        try await self.fails(common + ["--log", log, "--tls-key", "x.pem"], folder, says: ["--tls-certificate"])
        #expect(!FileManager.default.fileExists(atPath: folder.data), "nothing was made")
        try await ServerProcess.start(folder).stop()
        try await self.fails(common + ["--log", log], folder, says: ["authority"])
        #expect(!FileManager.default.fileExists(atPath: folder.data + "/witness-key"))
    }

    @Test func overTLS() async throws {
        let folder = try Folder()
        let certificate = folder.path + "/tls.crt"
        let key = folder.path + "/tls.key"
        let openssl = try ChildProcess(
            "openssl",
            [
                "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                "/CN=witness", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ],
            folder: folder.path
        )
        #expect(await openssl.wait() == 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        let log = try TestLog(3)
        let witness = try await self.start(
            folder,
            log,
            ["--name", Self.name, "--tls-certificate", certificate, "--tls-key", key]
        )
        #expect(witness.url.hasPrefix("https://"))
        #expect(try await witness.add(log.request(from: 0, to: 2)) == .unreachable, "not trusted")
        let client = try witness.client(authorityFile: certificate)
        guard case .cosigned = try await client.add(log.request(from: 0, to: 2)) else {
            Issue.record("not cosigned")
            return
        }
        await client.shutDown()
        #expect(await witness.stop() == 0)
    }
}
