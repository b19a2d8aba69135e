import ClavigerHTTP
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import Logging
import ServiceLifecycle
import Synchronization

/// Why the server should not be used, as far as its background work knows.
final class Health: Sendable {
    private let state = Mutex<String?>(nil)

    /// Nil when nothing is wrong.
    var report: String? { self.state.withLock { $0 } }

    func set(_ report: String) {
        self.state.withLock { $0 = report }
    }
}

/// Runs maintenance every few seconds.
struct MaintenanceService: Service {
    private static let pause = Duration.seconds(5)

    let maintenance: Maintenance
    let logger: Logger

    func run() async throws {
        await self.attempt("the look-up filter could not be loaded") { try await self.maintenance.loadFilter() }
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
            await self.attempt("maintenance failed; it is tried again") { try await self.maintenance.runOnce() }
        }
    }

    /// Maintenance that fails must not take the server with it: verification does not need it.
    private func attempt(_ message: Logger.Message, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is CancellationError {
            return
        } catch let StoreFailure.unavailable(cause) {
            self.logger.warning(message, metadata: ["cause": "\(cause)"])
        } catch {
            self.logger.error(message, metadata: ["type": "\(type(of: error))"])
        }
    }
}

/// Does jobs when their time has come.
struct JobService: Service {
    private static let pause = Duration.seconds(3)

    let scheduler: Scheduler
    let logger: Logger

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await cancelWhenGracefulShutdown {
                    try await self.scheduler.runOnce()
                    try await Task.sleep(for: Self.pause)
                }
                continue
            } catch is CancellationError {
                return
            } catch let StoreFailure.unavailable(cause) {
                self.logger.warning("it cannot be seen which jobs are due", metadata: ["cause": "\(cause)"])
            } catch {
                self.logger.error("it cannot be seen which jobs are due", metadata: ["type": "\(type(of: error))"])
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
    }
}

/// Goes through the whole database once when the start had no time for it.
struct IntegrityService: Service {
    let database: SQLiteDatabase
    let health: Health
    let logger: Logger

    func run() async throws {
        if self.database.startCheck == .partial {
            do {
                try await cancelWhenGracefulShutdown { try await self.database.checkIntegrity() }
                self.logger.info("the whole database has been checked and is sound")
            } catch let error as DatabaseError {
                if case .corrupt = error { self.health.set("The database is damaged; see the log.") }
                self.logger.critical("the database check failed", metadata: ["cause": "\(error)"])
            } catch is CancellationError {
                return
            }
        }
        // A service that ends ends its group.
        try? await gracefulShutdown()
    }
}
