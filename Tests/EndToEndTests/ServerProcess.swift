import ClavigerTestSupport
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The real program, as this test run has built it.
struct ServerProcess: Sendable {
    let url: String
    private let process: ChildProcess

    /// Beside the test bundle.
    static var program: String {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let place = bundle ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return place.deletingLastPathComponent().appendingPathComponent("claviger").path
    }

    /// Starts a server on a port that the system chooses and waits until it says that it is ready.
    ///
    /// - Parameters:
    ///   - usesData: whether it is given the folder's data folder.
    ///   - mounting: what is mounted where, in a mount namespace that only the server is in.
    static func start(
        _ folder: Folder,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        usesData: Bool = true,
        mounting: [String] = []
    ) async throws -> ServerProcess {
        let place = usesData ? ["--data", folder.data] : []
        let arguments = ["serve", "--port", "0"] + place + arguments
        let process =
            if mounting.isEmpty {
                try Self.launch(arguments, folder, environment)
            } else {
                try Self.launch(
                    Self.unshare + ["sh", "-c", Self.script(mounting), Self.program] + arguments,
                    folder,
                    environment,
                    program: "unshare"
                )
            }
        for _ in 0..<1500 {
            if let line = process.outputText.split(separator: "\n").first, line.hasPrefix("claviger is ready on ") {
                return ServerProcess(url: String(line.dropFirst("claviger is ready on ".count)), process: process)
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw DidNotStart(description: process.errorText)
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String],
        _ folder: Folder,
        environment: [String: String] = [:],
        input: String = ""
    ) async throws -> (status: Int32, output: String, errors: String) {
        let process = try Self.launch(arguments, folder, environment, input: input)
        let status = await process.wait()
        return (status, process.outputText, process.errorText)
    }

    /// Mounts, and becomes the program that is named after it.
    private static func script(_ mounting: [String]) -> String {
        #"mount \#(mounting.joined(separator: " ")) && exec "$0" "$@""#
    }

    /// Whoever is not root may mount in a user namespace of their own only.
    private static var unshare: [String] { getuid() == 0 ? ["--mount"] : ["--mount", "--map-root-user"] }

    static func launch(
        _ arguments: [String],
        _ folder: Folder,
        _ environment: [String: String],
        input: String = "",
        program: String = Self.program
    ) throws -> ChildProcess {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAVIGER_") }
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables["HOME"] = folder.path
        // Unoptimised code takes seconds to look through 64 MiB, which it does at each start after a kill.
        variables["CLAVIGER_USAGE_SEGMENT_MEGABYTES"] = "1"
        return try ChildProcess(
            program,
            arguments,
            environment: variables.merging(environment) { $1 },
            folder: folder.path,
            input: input
        )
    }

    /// Its process id.
    var id: Int32 { self.process.id }

    /// Everything that it printed so far.
    var printed: String { self.process.outputText + self.process.errorText }

    /// Ends it without a chance to tidy up.
    func kill() async {
        self.process.signal(SIGKILL)
        await self.process.wait()
    }

    /// Asks it to stop and waits. Answers its exit code.
    @discardableResult
    func stop() async -> Int32 {
        self.process.signal(SIGTERM)
        return await self.process.wait()
    }

    struct DidNotStart: Error, CustomStringConvertible {
        let description: String
    }
}
