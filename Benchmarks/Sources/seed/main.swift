// Fills a data folder with keys that have the rows of real ones, audit records included.
//
//   seed FOLDER COUNT TOKENS [metered]    writes the tokens, one a line, to the file TOKENS
//
// Metered keys have everything that a verification can look at: networks, a limit and credits, so many that they do not
// run out.
import Bench
@_spi(Plaintext) import ClavigerCore
import ClavigerService
import Foundation

let arguments = CommandLine.arguments
guard arguments.count >= 4, let count = Int(arguments[2]), count > 0 else {
    throw BenchmarkFailure("usage: seed FOLDER COUNT TOKENS [metered]")
}
let isMetered = arguments.count > 4
let begin = Measuring.nanoseconds()
let workbench = try await Workbench.open(arguments[1])
let factory = try await KeyFactory(workbench, keys: count, isMetered: isMetered)
_ = FileManager.default.createFile(atPath: arguments[3], contents: nil, attributes: [.posixPermissions: 0o600])
guard let tokens = FileHandle(forWritingAtPath: arguments[3]) else {
    throw BenchmarkFailure("\(arguments[3]) cannot be written")
}

/// The next batch is made while one is written, to save time.
let size = 10_000
var next = Task { try factory.batch(0..<min(size, count)) }
for first in stride(from: 0, to: count, by: size) {
    let batch = try await next.value
    let rest = min(first + size, count)..<min(first + 2 * size, count)
    next = Task { try factory.batch(rest) }
    try await workbench.store.write(
        { tx in
            for made in batch {
                try tx.insert(made.key, made.credential)
                try tx.append(made.record)
            }
        },
        afterCommit: {}
    )
    var lines = Data()
    for made in batch {
        made.token.withPlaintext { lines.append(contentsOf: $0) }
        lines.append(UInt8(ascii: "\n"))
    }
    try tokens.write(contentsOf: lines)
}
try tokens.close()
try await workbench.close()
Measuring.report("seed.seconds", Double((Measuring.nanoseconds() - begin) / 10_000_000) / 100)
