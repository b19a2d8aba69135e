// Fills a data folder with keys as the server makes them: same use case, same rows, audit records included.
//
//   seed FOLDER COUNT TOKENS    writes the tokens, one a line, to the file TOKENS
import Bench
@_spi(Plaintext) import ClavigerCore
import ClavigerService
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[2]), count > 0 else {
    throw BenchmarkFailure("usage: seed FOLDER COUNT TOKENS")
}
let workbench = try await Workbench.open(arguments[1])
let authority = workbench.authority
let owner = workbench.owner

guard case .done(let api) = try await authority.createAPI(
    APIDraft(
        name: ResourceName(parsing: "payments"),
        prefix: TokenPrefix(parsing: "pay"),
        attributes: API.Attributes()
    ),
    by: owner
) else { throw BenchmarkFailure("the api was not made") }

// One consumer for ten keys, in few transactions: one for each would take minutes.
let now = SystemTime().now()
let consumers = try (0..<max(1, count / 10)).map { number in
    Consumer(
        id: Identifier(at: now, from: SystemRandom()),
        workspaceID: owner.workspaceID,
        attributes: Consumer.Attributes(
            externalID: try Label(parsing: "customer-\(number)", atMost: 255),
            kind: .customer,
            name: try Label(parsing: "Customer number \(number)")
        ),
        createdAt: now,
        updatedAt: now,
        version: 1
    )
}
try await workbench.store.write({ tx in for consumer in consumers { try tx.insert(consumer) } }, afterCommit: {})

// A few combinations of scopes, as a real collection of keys has them.
let scopes = try [
    ["invoices.read"], ["invoices.*"], ["invoices.read", "invoices.write"],
    ["invoices.read", "customers.read", "payments.*"],
].map { try $0.map { try Scope(parsing: $0) } }
let environments: [EnvironmentName] = [.production, .production, .production, .staging, .development]
let metadata = try Metadata(JSONObject([("team", "billing"), ("tier", "gold")]))

FileManager.default.createFile(atPath: arguments[3], contents: nil, attributes: [.posixPermissions: 0o600])
guard let tokens = FileHandle(forWritingAtPath: arguments[3]) else {
    throw BenchmarkFailure("\(arguments[3]) cannot be written")
}
let begin = Measuring.nanoseconds()
for first in stride(from: 0, to: count, by: 10_000) {
    let drafts = try (first..<min(first + 10_000, count)).map { number in
        KeyDraft(
            api: .id(api.id),
            environment: environments[number % environments.count],
            owner: .id(consumers[number % consumers.count].id),
            attributes: APIKey.Attributes(
                name: try Label(parsing: "Key number \(number)"),
                scopes: scopes[number % scopes.count],
                metadata: number % 4 == 0 ? metadata : .empty
            )
        )
    }
    guard case .done(let issued) = try await authority.issue(drafts, by: owner) else { continue }
    var lines = Data()
    for key in issued {
        key.token.withPlaintext { lines.append(contentsOf: $0) }
        lines.append(UInt8(ascii: "\n"))
    }
    try tokens.write(contentsOf: lines)
}
try tokens.close()
try await workbench.close()
Measuring.report("seed.seconds", Double((Measuring.nanoseconds() - begin) / 10_000_000) / 100)
