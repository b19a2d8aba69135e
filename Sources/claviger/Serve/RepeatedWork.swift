import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Logging
import ServiceLifecycle

/// Does something again and again until the server stops.
struct RepeatedWork: Sendable {
    let logger: Logger

    /// A failure must not take the server with it, and is said once until it works again.
    func run(every pause: Duration, _ message: Logger.Message, _ body: () async throws -> Void) async {
        var hasFailed = false
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await body()
                hasFailed = false
            } catch is CancellationError {
                return
            } catch {
                if !hasFailed { self.logger.error(message, metadata: ["cause": "\(Self.cause(of: error))"]) }
                hasFailed = true
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    /// What may be said of an error: the texts of these have no values in them.
    static func cause(of error: any Error) -> String {
        switch error {
        case let error as JournalError: error.description
        case let error as JournalFull: error.description
        case let error as SecretFileError: "\(AuditHeadFile.name): \(error)"
        case StoreFailure.unavailable(let text), StoreFailure.broken(let text), StoreFailure.damaged(let text),
            StoreFailure.duplicate(let text):
            text
        default: "\(type(of: error))"
        }
    }
}
