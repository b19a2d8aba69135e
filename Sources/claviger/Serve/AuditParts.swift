import ClavigerCore
import ClavigerLog
import ClavigerService
import Logging
import Metrics
import ServiceLifecycle

/// Takes what is recorded into the tree of the audit log and signs its heads, and records the life of the server.
struct AuditLogService: Service {
    /// What is recorded is signed within a second.
    private static let pause = Duration.milliseconds(400)
    private static let prunePause = Duration.seconds(3600)
    private static let anchorPause = Duration.seconds(60)

    let maintenance: Maintenance
    let auditLog: AuditLog
    let keep: Duration
    /// Records the start, if that could not be done yet.
    let recordStart: (@Sendable () async throws -> Void)?
    let logger: Logger
    private var work: RepeatedWork { RepeatedWork(logger: self.logger) }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var recordStart = self.recordStart
                await self.work.run(every: Self.pause, "the audit log cannot be signed; it is tried again") {
                    try await recordStart?()
                    recordStart = nil
                    try await self.maintenance.runAuditLog()
                    AuditMetrics.record(self.auditLog)
                }
            }
            group.addTask {
                await self.work.run(
                    every: Self.prunePause,
                    "old leaves of the audit log cannot be removed; it is tried again"
                ) {
                    try await self.maintenance.pruneAuditLog(keeping: self.keep)
                }
            }
            group.addTask {
                await self.work.run(every: Self.anchorPause, "the access log cannot be anchored; it is tried again") {
                    try await self.maintenance.anchorAccessLog()
                }
            }
        }
        // The last words; a server that cannot say them says so in its log.
        do {
            try await self.maintenance.recordStop()
        } catch {
            self.logger.error(
                "the end of the server could not be recorded",
                metadata: ["cause": "\(RepeatedWork.cause(of: error))"]
            )
        }
    }
}

/// Tells how far the audit log is signed.
enum AuditMetrics {
    private static let size = "claviger_audit_log_signed_events"
    private static let refusing = "claviger_audit_log_inconsistent"
    /// What the metrics are, for the exporter.
    static let help = [
        size: "Events under the newest signed head of the audit log.",
        refusing: "1 while nothing can be changed, as the audit log is not what was signed.",
    ]

    static func record(_ log: AuditLog) {
        Gauge(label: Self.size).record(Double(log.checkpoint?.size ?? 0))
        Gauge(label: Self.refusing).record(log.gate.refusal == nil ? 0 : 1)
    }
}
