import ClavigerCore
import ClavigerLog
import ClavigerService
import ClavigerWitness
import Logging
import Metrics
import ServiceLifecycle

/// Has the heads of the audit log cosigned by the witnesses that are configured.
struct WitnessParts: Service {
    private static let pause = Duration.seconds(1)

    private let clients: [WitnessClient]
    private let witnesses: AuditWitnesses
    private let maintenance: Maintenance
    private let logger: Logger

    init(
        _ configuration: ServerConfiguration.Audit,
        _ auditLog: AuditLog,
        maintenance: Maintenance,
        time: any TimeSource,
        logger: Logger
    ) throws {
        do {
            self.clients = try configuration.witnesses.map {
                try WitnessClient(url: $0.url, key: $0.key, authorityFile: configuration.witnessAuthorityFile)
            }
        } catch let error as WitnessClientError {
            let isFile = if case .noAuthorities = error { true } else { false }
            throw StartFailure("\(isFile ? "audit.witnessAuthorityFile" : "audit.witnesses"): \(error)")
        }
        self.witnesses = AuditWitnesses(
            self.clients.map(ClientWitness.init),
            of: auditLog,
            alarm: configuration.witnessAlarm,
            time: time,
            logger: logger
        )
        self.maintenance = maintenance
        self.logger = logger
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.witnesses.run() } }
            group.addTask {
                let work = RepeatedWork(logger: self.logger)
                await work.run(every: Self.pause, "missing witnesses cannot be recorded; it is tried again") {
                    for state in await self.witnesses.states { WitnessMetrics.record(state) }
                    try await self.maintenance.recordWitnesses(self.witnesses)
                }
            }
        }
        for client in self.clients { await client.shutDown() }
    }
}

/// A witness behind its client.
private struct ClientWitness: AuditWitness {
    let client: WitnessClient

    var key: VerifierKey { self.client.key }

    func add(_ request: AddCheckpointRequest) async throws -> WitnessAnswer {
        try await self.client.add(request)
    }
}

/// Tells which witnesses cosign.
enum WitnessMetrics {
    private static let missing = "claviger_audit_witness_missing"
    /// What the metrics are, for the exporter.
    static let help = [
        missing: "1 while a witness of the audit log has not cosigned for as long as audit.witnessAlarm, else 0."
    ]

    static func record(_ state: WitnessState) {
        Gauge(label: Self.missing, dimensions: [("witness", state.name.text)]).record(
            state.standing == .missing || state.standing == .inConflict ? 1 : 0
        )
    }
}
