import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// The parts of a server that keep what keys were used for: journal, access log, roll-ups and credits.
struct UsageParts: Sendable {
    static let journalName = "usage-journal"

    let journal: UsageJournal
    private let databases: SQLiteUsageDatabases
    let store: SQLUsageStore
    let ledger: CreditLedger
    let fold: UsageFold
    let retention: UsageRetention

    /// Opens them, and recovers what a server before this one had acknowledged.
    init(
        place: Place,
        configuration: ServerConfiguration.Usage,
        store: SQLAuthorityStore,
        time: any TimeSource,
        random: any RandomSource,
        logger: Logger
    ) async throws {
        let databases = try await Self.open(place)
        self.databases = databases
        self.store = SQLUsageStore(databases)
        let newest = max(try await self.store.newestSequence(), try await store.read { try $0.newestCreditSequence() })
        let (journal, report): (UsageJournal, RecoveryReport)
        do {
            (journal, report) = try UsageJournal.open(
                folder: place.journalParent + "/" + Self.journalName,
                after: newest,
                random: random,
                configuration: UsageJournal.Configuration(segmentBytes: configuration.segmentBytes)
            )
        } catch let error as JournalError {
            throw StartFailure(error.description)
        }
        for damage in report.damaged {
            logger.error(
                "part of the usage journal is damaged; the records in it are lost",
                metadata: ["file": "\(damage.file)", "offset": "\(damage.offset)", "bytes": "\(damage.bytes)"]
            )
        }
        if report.records > 0 {
            logger.info("recovered the usage journal", metadata: ["records": "\(report.records)"])
        }
        self.journal = journal
        self.ledger = CreditLedger(journal: CreditRecords(sink: journal, time: time))
        try await self.ledger.recover(from: journal, store, at: time.now())
        self.fold = UsageFold(
            journal: journal,
            usage: self.store,
            store: store,
            ledger: self.ledger,
            random: random,
            logger: logger
        )
        self.retention = configuration.retention
    }

    private static func open(_ place: Place) async throws -> SQLiteUsageDatabases {
        guard let folder = place.usageFolder else { return try await SQLiteUsageDatabases.inMemory() }
        do {
            return try await SQLiteUsageDatabases.open(folder: folder)
        } catch DatabaseError.corrupt(let message) {
            throw StartFailure(
                """
                \(folder)/\(SQLiteUsageDatabases.usageFileName) is damaged: \(message). It holds counts of use only. \
                Move it and the files beside it away to start with new counts; the access log and all keys stay.
                """
            )
        }
    }

    /// Lets go of everything; what is not folded yet is at the next start.
    func close() async {
        try? await self.fold.settle()
        try? await self.journal.close()
        try? await self.databases.close()
    }
}

/// Tells of uses that could not go on record: that must never be silent.
final class GapReport: Sendable {
    private static let name = "claviger_usage_gaps_total"
    /// What the metric is, for the exporter.
    static let help = [name: "Uses that were answered, or refused, because they could not go on record."]

    private let known = Mutex<UInt64>(0)
    private let counter = Counter(label: GapReport.name)

    func report(_ gaps: UInt64, _ logger: Logger) {
        let new = self.known.withLock { known in
            defer { known = gaps }
            return gaps - known
        }
        guard new > 0 else { return }
        self.counter.increment(by: Int64(new))
        logger.error("uses could not go on record: the usage journal has no room", metadata: ["count": "\(new)"])
    }
}

/// Folds, flushes and sweeps, again and again.
struct UsageService: Service {
    /// The most that a power cut loses.
    private static let flushPause = Duration.milliseconds(100)
    private static let foldPause = Duration.milliseconds(500)
    private static let settlePause = Duration.seconds(5)
    private static let retentionPause = Duration.seconds(3600)

    let parts: UsageParts
    let limiter: Limiter
    let time: any TimeSource
    let logger: Logger
    private let gaps = GapReport()
    private var work: RepeatedWork { RepeatedWork(logger: self.logger) }

    init(parts: UsageParts, limiter: Limiter, time: any TimeSource, logger: Logger) {
        self.parts = parts
        self.limiter = limiter
        self.time = time
        self.logger = logger
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.work.run(every: Self.flushPause, "the usage journal cannot be written to the disk") {
                    try await self.parts.journal.flush()
                }
            }
            group.addTask {
                await self.work.run(every: Self.foldPause, "recorded use cannot be stored; it stays in the journal") {
                    self.limiter.sweep(at: self.time.uptime())
                    self.gaps.report(self.parts.journal.gaps, self.logger)
                    try self.parts.ledger.expireLeases(at: self.time.now())
                    try await self.parts.fold.runOnce()
                }
            }
            group.addTask {
                await self.work.run(every: Self.settlePause, "recorded use cannot be counted; it is tried again") {
                    try await self.parts.fold.settle()
                }
            }
            group.addTask {
                await self.work.run(every: Self.retentionPause, "old use cannot be removed; it is tried again") {
                    try await self.parts.fold.enforceRetention(self.parts.retention, at: self.time.now())
                }
            }
            try await group.waitForAll()
        }
    }
}
