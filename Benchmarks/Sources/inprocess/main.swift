// Measures verification without HTTP, and the calls whose time depends on the number of keys.
//
//   inprocess FOLDER audit [ENTRIES]      what the audit log costs, and proofs under a head over so many entries
//   inprocess FOLDER bulk                 revokes 100,000 keys with one call, and looks through all keys
//   inprocess FOLDER TOKENS policy       a policy for all keys and 10,000 replaced tokens, before and after
//   inprocess FOLDER TOKENS [SECONDS]    each throughput is measured for SECONDS in each of five rounds
import Bench
import ClavigerCore
import ClavigerService
import ClavigerVerifier
import Foundation

let arguments = CommandLine.arguments
if arguments.count == 3, arguments[2] == "fold" {
    try await FoldBench.run(folder: arguments[1], records: 400_000)
    exit(0)
}
if arguments.count >= 3, arguments[2] == "audit" {
    let workbench = try await Workbench.open(arguments[1])
    let bench = AuditBench(workbench: workbench)
    try await bench.records()
    try await bench.changes()
    try await bench.batches()
    if let entries = arguments.dropFirst(3).first.flatMap({ Int($0) }) { try await bench.proofs(entries: entries) }
    try await workbench.close()
    exit(0)
}
if arguments.count == 3, arguments[2] == "bulk" {
    let workbench = try await Workbench.open(arguments[1])
    try await BulkBench.run(workbench, keys: 100_000)
    try await BulkBench.hygiene(workbench)
    try await workbench.close()
    exit(0)
}
guard arguments.count >= 3 else { throw BenchmarkFailure("usage: inprocess FOLDER TOKENS [SECONDS]") }
let seconds = arguments.count > 3 ? Double(arguments[3]) ?? 1 : 1
let tokens = try Data(contentsOf: URL(filePath: arguments[2])).split(separator: UInt8(ascii: "\n")).map { Array($0) }
let workbench = try await Workbench.open(arguments[1])
try await workbench.maintenance.loadFilter()

let verification = VerificationBench(workbench: workbench, tokens: tokens, seconds: seconds)
if arguments.count == 4, arguments[3] == "policy" {
    try await PolicyBench(workbench: workbench, verification: verification).run(rotating: 10_000)
    try await workbench.close()
    exit(0)
}
try await verification.coldKeys()
try await verification.fill()
try await verification.latency()
try await verification.throughput()
try await verification.floods()

try await JournalBench.run(folder: arguments[1], appends: 1_000_000)
try await FoldBench.run(folder: arguments[1], records: 200_000)

let management = ManagementBench(workbench: workbench, tokens: tokens)
try await management.run()
try await workbench.close()
