import ClavigerCore
import ClavigerService
import Metrics

/// Counts what jobs do.
enum JobMetrics {
    private static let name = "claviger_job_runs_total"
    /// What the metric is, for the exporter.
    static let help = [name: "Runs of jobs, by how they ended."]

    @Sendable static func record(_ run: Scheduler.Run) {
        Counter(label: Self.name, dimensions: [("job", run.name.rawValue), ("outcome", run.outcome.rawValue)])
            .increment()
    }
}
