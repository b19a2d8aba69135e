import Bench
import ClavigerCore
import ClavigerSQLite
import ClavigerStore
import ClavigerVerifier
import Foundation

/// What it costs to bring a recorded use to the access log and to count it.
enum FoldBench {
    private static let batch = 5000

    static func run(folder: String, records: Int) async throws {
        let path = folder + "/fold-bench"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let journal = try UsageJournal.open(folder: path + "/journal", random: Bench.SystemRandom()).journal
        let databases = try await SQLiteUsageDatabases.open(folder: path)
        let store = SQLUsageStore(databases)
        var appending: Int64 = 0
        var counting: Int64 = 0
        var sequence: UInt64 = 0
        var done = 0
        while done < records {
            for number in done..<(done + Self.batch * 4) { _ = try journal.append(Self.record(number)) }
            done += Self.batch * 4
            var start = Measuring.processorNanoseconds()
            while true {
                let found = try journal.read(after: sequence, limit: Self.batch)
                guard let last = found.last else { break }
                try await store.append(found)
                sequence = last.sequence
            }
            appending += Measuring.processorNanoseconds() - start
            start = Measuring.processorNanoseconds()
            try await store.rollUp(through: sequence)
            counting += Measuring.processorNanoseconds() - start
            try await store.sync()
            try journal.drop(through: sequence)
        }
        Measuring.report("fold.append.ns_per_record", appending / Int64(done))
        Measuring.report("fold.count.ns_per_record", counting / Int64(done))
        try await journal.close()
        try await databases.close()
    }

    /// One of a thousand keys, each with an address of its own.
    private static func record(_ number: Int) -> UsageRecord {
        var record = JournalBench.usualRecord()
        let owner = UInt128(number % 1000)
        record.keyID = 0x0193_0000_0000_0004 << 64 | owner
        record.credentialID = 0x0193_0000_0000_0005 << 64 | owner
        record.consumerID = 0x0193_0000_0000_0003 << 64 | owner
        record.clientAddress = .v4(0xCB00_0000 | UInt32(number % 1000))
        record.credits = []
        return record
    }
}
