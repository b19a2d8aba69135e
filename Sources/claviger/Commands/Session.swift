import ArgumentParser
import ClavigerClient
import ClavigerCore
import Foundation

/// A command that calls the server.
protocol ClientCommand: AsyncParsableCommand {
    var server: ClientOptions { get }
    var output: OutputOptions { get }
    /// Whether the call needs a management key.
    var needsToken: Bool { get }

    func run(_ session: Session) async throws
}

extension ClientCommand {
    var needsToken: Bool { true }

    mutating func run() async throws {
        let command = self
        let environment = ProcessInfo.processInfo.environment
        let settings = try ConnectionSettings(self.server, environment: environment)
            .resolve(needsToken: self.needsToken)
        try await ClavigerClient.with(settings) { client in
            try await command.run(Session(client: client, output: command.output))
        }
    }
}

/// The client and the way results are shown.
struct Session {
    let client: ClavigerClient
    let output: OutputOptions

    var isJSON: Bool { self.output.output == .json }

    /// Shows a result: the server's JSON, or what `text` makes of it.
    func show(_ json: JSON, _ text: (JSON) -> String) {
        if self.isJSON {
            Console.out(json.pretty)
        } else if !self.output.quiet {
            Console.out(text(json))
        }
    }

    /// Tells a person something beside the result.
    func note(_ text: String) {
        if !self.output.quiet { Console.error(text) }
    }

    /// Shows that something is gone, for which the server has no body.
    func deleted(_ what: String) {
        if !self.isJSON, !self.output.quiet { Console.out("Deleted the \(what).") }
    }

    /// The headers of a request that creates or changes.
    static func idempotency(_ key: String?) -> [(String, String)] {
        key.map { [("Idempotency-Key", $0)] } ?? []
    }

    /// The headers of a change that is only for one version.
    static func precondition(_ version: String?) -> [(String, String)] {
        guard let version else { return [] }
        let quoted = version == "*" || version.hasPrefix("\"") ? version : "\"\(version)\""
        return [("If-Match", quoted)]
    }
}
