import ClavigerTestSupport
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The real server, on a port that it has again after a restart.
struct AuthorityProcess: Sendable {
    let port: Int
    private let process: ChildProcess

    /// Beside the test bundle.
    static var program: String {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let place = bundle ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return place.deletingLastPathComponent().appendingPathComponent("claviger").path
    }

    /// Starts it and waits until it can be used.
    ///
    /// - Parameter port: where it listens; the system chooses if it is 0.
    static func start(folder: String, port: Int, settings: [String: String]) async throws -> AuthorityProcess {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CLAVIGER_") }
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables["HOME"] = folder
        variables["CLAVIGER_USAGE_SEGMENT_MEGABYTES"] = "1"
        let process = try ChildProcess(
            Self.program,
            ["serve", "--data", folder + "/data", "--port", "\(port)"],
            environment: variables.merging(settings) { $1 },
            folder: folder
        )
        for _ in 0..<1500 where process.isRunning {
            if process.outputText.hasPrefix("claviger is ready on "),
                let address = process.outputText.split(separator: "\n").first,
                let port = address.split(separator: ":").last.flatMap({ Int($0) })
            {
                return AuthorityProcess(port: port, process: process)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Unexpected("the server did not start: \(process.errorText)")
    }

    /// What it wrote.
    var printed: String { self.process.outputText + self.process.errorText }

    /// Makes it answer nothing, without closing anything.
    func freeze() { self.process.signal(SIGSTOP) }
    func thaw() { self.process.signal(SIGCONT) }

    /// Asks it to stop and waits.
    func stop() async {
        self.process.signal(SIGTERM)
        await self.process.wait()
    }

    func kill() async {
        self.process.signal(SIGKILL)
        await self.process.wait()
    }
}
