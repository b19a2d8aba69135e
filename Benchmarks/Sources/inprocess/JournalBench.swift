import Bench
import ClavigerCore
import ClavigerVerifier
import Foundation

/// What an append to the usage journal costs, and the reading and recovery of what was appended.
enum JournalBench {
    /// A verification as it usually is: all ids, an IPv4 address, a path and a user agent, one credit account.
    static func usualRecord() -> UsageRecord {
        var record = UsageRecord(
            time: Timestamp(milliseconds: 1_795_243_200_000),
            code: 0,
            source: .verify,
            cost: 1,
            requestID: "req_7n42DGM5Tflk9n8mt7Fhc7"
        )
        record.workspaceID = 0x0193_0000_0000_0001 << 64 | 1
        record.apiID = 0x0193_0000_0000_0002 << 64 | 2
        record.consumerID = 0x0193_0000_0000_0003 << 64 | 3
        record.keyID = 0x0193_0000_0000_0004 << 64 | 4
        record.credentialID = 0x0193_0000_0000_0005 << 64 | 5
        record.lookupID = LookupID("0123456789AB")
        record.environment = "production"
        record.clientAddress = IPAddress(parsing: "203.0.113.7")
        record.method = "GET"
        record.path = "/v1/invoices/{id}/lines"
        record.userAgent = "acme-billing/3.1 (linux; x86_64) swift-nio/2.101"
        record.latencyMicros = 41
        record.credits = [
            UsageRecord.CreditChange(
                kind: .spend,
                accountKind: 0,
                accountID: 0x0193_0000_0000_0004 << 64 | 4,
                generation: 1,
                amount: 1,
                remainingAfter: 999_999,
                periodAfter: 20_778
            )
        ]
        return record
    }

    static func run(folder: String, appends: Int) async throws {
        let path = folder + "/journal-bench"
        try? FileManager.default.removeItem(atPath: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let journal = try UsageJournal.open(folder: path, random: Bench.SystemRandom()).journal
        let record = Self.usualRecord()
        for threads in [1, 2] {
            let start = Measuring.processorNanoseconds()
            let times = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<threads {
                    group.addTask { try Self.append(record, appends / threads, to: journal) }
                }
                return try await group.reduce(into: [Int64]()) { $0 += $1 }
            }
            let used = Measuring.processorNanoseconds() - start
            Measuring.report("journal.append.\(threads).median_ns", times.percentile(0.5))
            Measuring.report("journal.append.\(threads).p99_ns", times.percentile(0.99))
            Measuring.report("journal.append.\(threads).p9999_ns", times.percentile(0.9999))
            Measuring.report("journal.append.\(threads).processor_ns", used / Int64(times.count))
            let flushStart = Measuring.nanoseconds()
            try await journal.flush()
            Measuring.report("journal.flush.\(threads).ms", (Measuring.nanoseconds() - flushStart) / 1_000_000)
        }
        try Self.read(journal)
        let start = Measuring.processorNanoseconds()
        let report = try UsageJournal.open(folder: path, random: Bench.SystemRandom()).report
        Measuring.report(
            "journal.recover.ns_per_record",
            (Measuring.processorNanoseconds() - start) / Int64(report.records)
        )
        Measuring.report("journal.recover.records", report.records)
        Measuring.report("journal.recover.damaged", report.damaged.count)
    }

    /// The time that reading the clock twice takes is measured too, and taken off.
    private static func append(_ record: UsageRecord, _ count: Int, to journal: UsageJournal) throws -> [Int64] {
        var clock: [Int64] = []
        for _ in 0..<10_000 {
            let start = Measuring.nanoseconds()
            clock.append(Measuring.nanoseconds() - start)
        }
        let overhead = clock.percentile(0.5)
        var times: [Int64] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = Measuring.nanoseconds()
            _ = try journal.append(record)
            times.append(Measuring.nanoseconds() - start - overhead)
        }
        return times
    }

    private static func read(_ journal: UsageJournal) throws {
        let start = Measuring.processorNanoseconds()
        var sequence: UInt64 = 0
        var count = 0
        while true {
            let found = try journal.read(after: sequence, limit: 5000)
            guard let last = found.last else { break }
            count += found.count
            sequence = last.sequence
        }
        Measuring.report("journal.read.ns_per_record", (Measuring.processorNanoseconds() - start) / Int64(count))
        let dropStart = Measuring.nanoseconds()
        try journal.drop(through: sequence - 200_000_000)
        Measuring.report("journal.drop.ms", (Measuring.nanoseconds() - dropStart) / 1_000_000)
    }
}
