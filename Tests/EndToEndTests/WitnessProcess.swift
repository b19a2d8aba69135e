import ClavigerClient
import ClavigerLog
import ClavigerTestSupport
import ClavigerWitness
import Foundation

/// A running witness, as an operator sees it.
struct WitnessProcess {
    let process: ChildProcess
    let url: String
    let key: VerifierKey

    /// Starts a witness of a log and waits until it says that it is ready.
    static func start(
        _ folder: Folder,
        _ log: String,
        _ arguments: [String] = [],
        port: String = "0"
    ) async throws -> WitnessProcess {
        let process = try ServerProcess.launch(
            ["witness", "--data", folder.data, "--port", port, "--log", log] + arguments,
            folder,
            [:]
        )
        for _ in 0..<1500 {
            let lines = process.outputText.split(separator: "\n")
            let ready = "claviger witness is ready on "
            if lines.count == 3, lines[0].hasPrefix(ready) {
                let key = try VerifierKey(parsing: lines[2].trimmingCharacters(in: .whitespaces))
                return WitnessProcess(process: process, url: String(lines[0].dropFirst(ready.count)), key: key)
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerProcess.DidNotStart(description: process.errorText)
    }

    func client(authorityFile: String? = nil) throws -> WitnessClient {
        try WitnessClient(url: try ServerURL(parsing: self.url), key: self.key, authorityFile: authorityFile)
    }

    /// Asks with a client of its own.
    func add(_ request: AddCheckpointRequest) async throws -> WitnessAnswer {
        let client = try self.client()
        let answer = try await client.add(request)
        await client.shutDown()
        return answer
    }

    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) async -> Int32 {
        self.process.signal(signal)
        return await self.process.wait()
    }
}
