public import ClavigerCore
public import Logging

/// Does jobs when they are due, one after the other.
///
/// When each is due, and how far it has come, is in the store: see ``Job``. A scheduler that is killed leaves a lease
/// that ends by itself; whoever takes the job then goes on where it was.
public actor Scheduler {
    /// How jobs are spread over time.
    public struct Configuration: Sendable {
        /// The longest time after the start until what was missed before it is begun.
        public var spread: Duration

        /// Makes a configuration.
        public init(spread: Duration = .seconds(20)) {
            self.spread = spread
        }
    }

    /// What became of one run of a job.
    public struct Run: Sendable {
        /// How it ended.
        public enum Outcome: String, Sendable {
            case done, failed
        }

        /// The job.
        public let name: Job.Name
        /// How it ended.
        public let outcome: Outcome
        /// How long it took.
        public let duration: Duration
    }

    private let authority: Authority
    private let definitions: [JobDefinition]
    private let logger: Logger
    private let onRun: @Sendable (Run) -> Void
    /// This process among those that work on the same store.
    private let holder: String
    private let startedAt: Timestamp
    /// Until when what was missed before the start waits, so that a restart is no storm.
    private let waits: [Job.Name: Uptime]
    private var isRunning = false

    /// Makes the scheduler of one process.
    ///
    /// - Parameter onRun: is told of each run, for metrics.
    public init(
        _ maintenance: Maintenance,
        configuration: Configuration = Configuration(),
        logger: Logger,
        onRun: @escaping @Sendable (Run) -> Void = { _ in }
    ) {
        let authority = maintenance.authority
        self.authority = authority
        self.definitions = maintenance.jobs
        self.logger = logger
        self.onRun = onRun
        self.holder = String(authority.random.word(), radix: 36)
        self.startedAt = authority.time.now()
        let uptime = authority.time.uptime()
        self.waits = Dictionary(
            uniqueKeysWithValues: maintenance.jobs.map {
                ($0.name, uptime + Self.jitter(upTo: configuration.spread, authority.random))
            }
        )
    }

    /// Does what is due now; a job that fails keeps no other from its turn, and is tried again later.
    ///
    /// - Throws: when it cannot be seen what is due.
    public func runOnce() async throws {
        // An actor lets others in while it waits.
        guard !self.isRunning, self.authority.auditLog.gate.refusal == nil else { return }
        self.isRunning = true
        defer { self.isRunning = false }
        let stored = try await self.storedJobs()
        for definition in self.definitions {
            guard !Task.isCancelled else { return }
            guard let job = stored.first(where: { $0.name == definition.name }), self.isTurn(of: job),
                let begun = try await self.begin(definition.name)
            else { continue }
            await self.work(on: begun, definition)
        }
    }

    private func isTurn(of job: Job) -> Bool {
        let now = self.authority.time.now()
        guard job.isDue(at: now) else { return false }
        let wasMissed = job.requestedAt == nil && job.nextDueAt <= self.startedAt
        return !wasMissed || self.waits[job.name].map { $0 <= self.authority.time.uptime() } ?? true
    }

    /// The jobs as they are stored; new ones are added, and those that a clock has put far off are brought near.
    private func storedJobs() async throws -> [Job] {
        let known = try await self.authority.store.read { try $0.jobs() }
        let now = self.authority.time.now()
        let names = self.definitions.map(\.name)
        func isFine(_ job: Job) -> Bool {
            var bounded = job
            bounded.bound(at: now)
            return bounded == job
        }
        guard names.contains(where: { name in !known.contains { $0.name == name && isFine($0) } }) else { return known }
        return try await self.authority.store.write { tx in
            let known = try tx.jobs()
            for name in names {
                guard var job = known.first(where: { $0.name == name }) else {
                    try tx.insert(Job(name, nextDueAt: now))
                    continue
                }
                job.bound(at: now)
                _ = try tx.store(job, ifLeased: job.lease)
            }
            return try tx.jobs()
        } afterCommit: { _ in
        }
    }

    /// Takes a job; nil if it is not due any more, or somebody else works on it.
    private func begin(_ name: Job.Name) async throws -> Job? {
        let (now, holder) = (self.authority.time.now(), self.holder)
        return try await self.authority.store.write { tx -> Job? in
            guard var job = try tx.jobs().first(where: { $0.name == name }) else { return nil }
            let seen = job.lease
            guard !job.isLeased(at: now) || seen?.holder == holder else { return nil }
            guard job.isDue(at: now) else { return nil }
            job.begin(by: holder, at: now)
            return try tx.store(job, ifLeased: seen) ? job : nil
        } afterCommit: { _ in
        }
    }

    private func work(on begun: Job, _ definition: JobDefinition) async {
        let start = self.authority.time.uptime()
        let outcome: Run.Outcome
        do {
            var job = begun
            while try await definition.part(JobTurn(job: job)) {
                try Task.checkCancellation()
                job = try await self.current(job)
            }
            try await self.settle(begun.name) { $0.finish(at: $1, jitter: $2) }
            outcome = .done
        } catch is CancellationError {
            // Not in this task: it is cancelled, and so would be what it asks of the store.
            await Task { try? await self.settle(begun.name) { job, _, _ in job.lease = nil } }.value
            return
        } catch is JobTaken {
            self.logger.warning(
                "another process has taken over a job; this one was away for too long",
                metadata: ["job": "\(begun.name.rawValue)"]
            )
            return
        } catch {
            let cause = Self.cause(of: error)
            self.logger.error(
                "a job failed; it is tried again",
                metadata: ["job": "\(begun.name.rawValue)", "cause": "\(cause)"]
            )
            try? await self.settle(begun.name) { $0.fail(cause, at: $1, jitter: $2) }
            outcome = .failed
        }
        let duration = self.authority.time.uptime() - start
        self.onRun(Run(name: begun.name, outcome: outcome, duration: duration))
    }

    /// The job as it is stored now, if this process still has it.
    private func current(_ job: Job) async throws -> Job {
        let name = job.name
        guard let stored = try await self.authority.store.read({ try $0.jobs().first { $0.name == name } }),
            stored.lease?.holder == self.holder, stored.dueAt == job.dueAt
        else { throw JobTaken() }
        return stored
    }

    /// Stores how a job has ended, if this process still has it.
    private func settle(
        _ name: Job.Name,
        _ change: @escaping @Sendable (inout Job, Timestamp, Duration) -> Void
    ) async throws {
        let (now, holder) = (self.authority.time.now(), self.holder)
        let random = self.authority.random
        try await self.authority.store.write { tx in
            guard var job = try tx.jobs().first(where: { $0.name == name }), let seen = job.lease,
                seen.holder == holder
            else { throw JobTaken() }
            change(&job, now, Self.jitter(upTo: job.longestJitter, random))
            guard try tx.store(job, ifLeased: seen) else { throw JobTaken() }
        } afterCommit: {
        }
    }

    private static func jitter(upTo longest: Duration, _ random: any RandomSource) -> Duration {
        let milliseconds = longest.wholeMilliseconds
        guard milliseconds > 0 else { return .zero }
        return .milliseconds(Int64(random.word() % UInt64(milliseconds + 1)))
    }

    /// What may be said of an error: the texts of these have no values in them.
    private static func cause(of error: any Error) -> String {
        switch error {
        case StoreFailure.unavailable(let text), StoreFailure.broken(let text), StoreFailure.damaged(let text),
            StoreFailure.duplicate(let text):
            text
        default: "\(type(of: error))"
        }
    }
}
