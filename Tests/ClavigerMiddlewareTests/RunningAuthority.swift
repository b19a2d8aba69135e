import ClavigerHTTP
import ClavigerTestSupport
import Hummingbird
import Synchronization

/// An authority on a port that can be given back and taken again.
final class RunningAuthority: Sendable {
    let port: Int
    private let task: Task<Void, any Error>

    init(_ test: TestAuthority, port: Int = 0) async throws {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: test.registry().buildResponder(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                found.yield(channel.localAddress?.port ?? 0)
                found.finish()
            },
            logger: test.log.logger()
        )
        self.task = Task {
            defer { found.finish() }
            try await application.run()
        }
        self.port = await ports.first { _ in true } ?? 0
    }

    func stop() async {
        self.task.cancel()
        _ = await self.task.result
    }
}
