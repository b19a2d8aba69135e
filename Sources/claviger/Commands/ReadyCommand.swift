import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger ready`.
struct ReadyCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready",
        abstract: "Ask whether the server can be used.",
        discussion: """
            Example:
              claviger ready && echo "go ahead"

            The exit code is 0 when it can be used, 1 when it says that it cannot, and 3 \
            when it does not answer. No management key is needed.
            """
    )

    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    var needsToken: Bool { false }

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(.get, ["readyz"], accepting: [503])
        session.show(answer.body) { $0.text("status").printable }
        guard answer.status == 200 else {
            let detail = answer.body["detail"]?.string ?? "The server says that it is not ready."
            throw CommandFailure.refused(detail.printable)
        }
    }
}
