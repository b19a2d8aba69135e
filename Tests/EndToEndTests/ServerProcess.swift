import AsyncHTTPClient
import ClavigerCore
import Foundation
import NIOCore
import NIOHTTP1

/// The real program in a process of its own.
final class ServerProcess: @unchecked Sendable {
    // Proof: everything is set once in `start` before the value is shared, and `Process` is only signalled and waited
    // for.
    let url: String
    private let process: Process
    private let output: URL
    private let errors: URL

    /// The program that this test run has built.
    static var program: URL {
        let folder = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }?
            .deletingLastPathComponent() ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return folder.appendingPathComponent("claviger")
    }

    private init(url: String, process: Process, output: URL, errors: URL) {
        self.url = url
        self.process = process
        self.output = output
        self.errors = errors
    }

    /// Starts a server on a port that the system chooses and waits until it says that it is ready.
    static func start(
        _ folder: Folder,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        usesData: Bool = true
    ) async throws -> ServerProcess {
        let place = usesData ? ["--data", folder.data] : []
        let (process, output, errors) = try Self.launch(
            ["serve", "--port", "0"] + place + arguments,
            folder,
            environment
        )
        for _ in 0..<600 {
            if let line = try? String(contentsOf: output, encoding: .utf8).split(separator: "\n").first,
                let range = line.range(of: "http"), line.hasPrefix("claviger is ready on ")
            {
                return ServerProcess(url: String(line[range.lowerBound...]), process: process, output: output, errors: errors)
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        process.terminate()
        throw DidNotStart(description: (try? String(contentsOf: errors, encoding: .utf8)) ?? "")
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String],
        _ folder: Folder,
        environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String, errors: String) {
        let (process, output, errors) = try Self.launch(arguments, folder, environment)
        process.waitUntilExit()
        return (
            process.terminationStatus, try String(contentsOf: output, encoding: .utf8),
            try String(contentsOf: errors, encoding: .utf8)
        )
    }

    private static func launch(
        _ arguments: [String],
        _ folder: Folder,
        _ environment: [String: String]
    ) throws -> (Process, URL, URL) {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAVIGER_") }
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables["HOME"] = folder.path
        process.environment = variables.merging(environment) { $1 }
        let name = UUID().uuidString
        let output = URL(fileURLWithPath: "\(folder.path)/\(name).out")
        let errors = URL(fileURLWithPath: "\(folder.path)/\(name).err")
        try Data().write(to: output)
        try Data().write(to: errors)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, output, errors)
    }

    /// Everything that it printed so far.
    var printed: String {
        ((try? String(contentsOf: self.output, encoding: .utf8)) ?? "")
            + ((try? String(contentsOf: self.errors, encoding: .utf8)) ?? "")
    }

    /// Ends it without a chance to tidy up.
    func kill() {
        Foundation.kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }

    /// Asks it to stop and waits. Answers its exit code.
    @discardableResult
    func stop() -> Int32 {
        self.process.terminate()
        self.process.waitUntilExit()
        return self.process.terminationStatus
    }

    struct DidNotStart: Error, CustomStringConvertible {
        let description: String
    }
}

/// A temporary folder that goes away with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.path + "/claviger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    var data: String { self.path + "/data" }

    func firstKey() throws -> String {
        try String(contentsOfFile: self.data + "/first-management-key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }

    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(self.path)/\(name)")
        return (attributes[.posixPermissions] as? Int) ?? -1
    }
}

/// A small client that knows nothing of the project's own.
struct Caller: Sendable {
    let url: String
    let token: String

    /// The status and the body, or nil when no whole answer came.
    func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async -> (status: UInt, body: JSON)? {
        var request = HTTPClientRequest(url: self.url + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(self.token)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.serialized()))
        }
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(30)),
            let bytes = try? await response.body.collect(upTo: 16 << 20)
        else { return nil }
        return (response.status.code, (try? JSON.parse(Array(buffer: bytes))) ?? .null)
    }

    /// Every element of a list, over all its pages.
    func all(_ path: String) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let page = await self.send(.GET, "\(path)\(separator)limit=200" + (cursor.map { "&cursor=\($0)" } ?? ""))
            guard let page, page.status == 200 else { throw NoAnswer() }
            items += page.body["items"]?.array ?? []
            cursor = page.body["nextCursor"]?.string
        } while cursor != nil
        return items
    }

    struct NoAnswer: Error {}
}
