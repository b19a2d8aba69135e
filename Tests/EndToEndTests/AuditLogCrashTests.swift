import AsyncHTTPClient
import ClavigerCore
import ClavigerLog
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// Promises P3 and P5 for the audit log: no matter when the server is killed, what was acknowledged is in the log, once,
/// and no two heads that anybody has ever received contradict each other.
@Suite struct AuditLogCrashTests {
    private static let rounds = 100
    private static let workers = 4
    /// Whoever follows the log needs no key.
    private static let settings = ["CLAVIGER_AUDIT_PUBLIC": "true"]

    /// A change, as the log names it; each is made once.
    private struct Done: Hashable {
        let action: String
        let target: String
        /// What the server said that the request was.
        let request: String
    }

    /// What the clients of the killed servers know.
    private actor Known {
        private(set) var acknowledged: [Done] = []
        /// All heads that came in, in their order, without those that came again at once.
        private(set) var heads: [String] = []

        func note(_ done: Done) { self.acknowledged.append(done) }

        func note(head: String) {
            if self.heads.last != head { self.heads.append(head) }
        }
    }

    @Test(.timeLimit(.minutes(15))) func killedAHundredTimesWhileTheLogIsFollowed() async throws {
        let folder = try Folder()
        let known = Known()
        var checked = 0
        for round in 0..<Self.rounds {
            let server = try await ServerProcess.start(folder, environment: Self.settings)
            let caller = Caller(url: server.url, token: try folder.firstKey())
            if round == 0 {
                _ = await caller.send(.POST, "/v1/apis", ["name": "payments", "prefix": "pay"])
                _ = await caller.send(.POST, "/v1/consumers", ["externalId": "acme", "kind": "customer"])
            }
            checked = try await Self.checkNewest(caller, await known.acknowledged, from: checked)
            let before = await known.acknowledged.count
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<Self.workers {
                    group.addTask { await Self.work(caller, "\(round)-\(worker)", known) }
                }
                group.addTask { await Self.follow(server.url, known) }
                // However slow the machine is, there is something to lose.
                for _ in 0..<20_000 where await known.acknowledged.count < before + 4 {
                    try? await Task.sleep(for: .milliseconds(1))
                }
                // A head is signed every 400 ms: before the first, between two, and while one is made.
                try? await Task.sleep(for: .milliseconds(round * 137 % 850))
                await server.kill()
                group.cancelAll()
            }
        }
        try await Self.checkEverything(folder, known)
    }

    /// Creates keys and revokes every second one until the server is gone.
    private static func work(_ caller: Caller, _ name: String, _ known: Known) async {
        for number in 0..<10_000 {
            let draft: JSON = [
                "apiId": "payments", "environment": "production", "consumerExternalId": "acme",
                "name": .string("\(name)-\(number)"),
            ]
            guard let (created, request) = await Self.post(caller, "/v1/keys", draft, 201),
                let id = created["key"]?["id"]?.string
            else { return }
            await known.note(Done(action: "key.create", target: id, request: request))
            guard number.isMultiple(of: 2) else { continue }
            guard let (_, request) = await Self.post(caller, "/v1/keys/\(id)/revoke", ["reason": "other"], 200) else {
                return
            }
            await known.note(Done(action: "key.revoke", target: id, request: request))
        }
    }

    /// The answer and the id of the request, or nil when no whole answer of this status came.
    private static func post(_ caller: Caller, _ path: String, _ body: JSON, _ status: UInt) async -> (JSON, String)? {
        var request = HTTPClientRequest(url: caller.url + path)
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(caller.token)")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(.init(bytes: body.serialized()))
        guard let response = try? await caller.client.execute(request, timeout: .seconds(30)),
            response.status.code == status,
            let bytes = try? await response.body.collect(upTo: 1 << 20),
            let json = try? JSON.parse(Array(buffer: bytes)),
            let id = response.headers.first(name: "X-Request-Id")
        else { return nil }
        return (json, id)
    }

    /// Asks for the newest head until the server is gone.
    private static func follow(_ url: String, _ known: Known) async {
        while !Task.isCancelled {
            guard
                let response = try? await HTTPClient.shared.execute(
                    HTTPClientRequest(url: url + "/audit/checkpoint"),
                    timeout: .seconds(30)
                ),
                let bytes = try? await response.body.collect(upTo: 1 << 16)
            else { return }
            // Right after a start there may be none to serve.
            if response.status == .ok { await known.note(head: String(buffer: bytes)) }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Whether what was acknowledged by the server that was killed last is in the log of its successor, once.
    ///
    /// - Returns: how many acknowledged changes have been looked for.
    private static func checkNewest(_ caller: Caller, _ acknowledged: [Done], from checked: Int) async throws -> Int {
        var missing = Set(acknowledged[checked...])
        var cursor: String?
        while !missing.isEmpty {
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try #require(await caller.send(.GET, "/v1/audit/events?limit=200\(next)"))
            for event in page.body["items"]?.array ?? [] { if let done = Self.done(event) { missing.remove(done) } }
            cursor = page.body["nextCursor"]?.string
            if cursor == nil { break }
        }
        #expect(missing.isEmpty, "acknowledged, and not in the log: \(missing)")
        return acknowledged.count
    }

    private static func done(_ event: JSON) -> Done? {
        guard let action = event["action"]?.string, let target = event["target"]?["id"]?.string,
            let request = event["requestId"]?.string
        else { return nil }
        return Done(action: action, target: target, request: request)
    }

    /// Holds all that was acknowledged, and all heads that came in, against the whole log.
    private static func checkEverything(_ folder: Folder, _ known: Known) async throws {
        let server = try await ServerProcess.start(folder, environment: Self.settings)
        let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": try folder.firstKey()]
        let key = try await ServerProcess.run(["audit", "key"], folder, environment: environment)
        // Verifies what it writes: each entry says its place, and all of them have the root that is signed.
        let exported = try await ServerProcess.run(
            ["audit", "export", folder.path + "/log"],
            folder,
            environment: environment
        )
        #expect(exported.status == 0, "\(exported.errors)")
        let heads = await known.heads
        let last = folder.path + "/last"
        try Data((heads.last ?? "").utf8).write(to: URL(fileURLWithPath: last))
        let vkey = key.output.trimmingCharacters(in: .newlines)
        let verified = try await ServerProcess.run(
            ["audit", "verify", "--dir", folder.path + "/log", "--key", vkey, "--since", last],
            folder
        )
        #expect(verified.status == 0, "\(verified.errors)")

        let lines = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/log/events.jsonl"))
        let leaves = lines.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        let changes = try leaves.compactMap { Self.done(try JSON.parse($0)) }
            .filter { ["key.create", "key.revoke"].contains($0.action) }
        let acknowledged = await known.acknowledged
        #expect(Set(acknowledged).subtracting(changes).isEmpty, "an acknowledged change is not in the log")
        #expect(Set(changes.map { [$0.action, $0.target] }).count == changes.count, "a change is in the log twice")
        #expect(Set(changes.map(\.request)).count == changes.count, "a request is in the log twice")
        #expect(acknowledged.count > Self.rounds * 4)
        try Self.checkHeads(heads, leaves, key: VerifierKey(parsing: vkey))
        print(
            "killed \(Self.rounds) times: \(acknowledged.count) changes, \(leaves.count) entries, \(heads.count) heads"
        )
        #expect(await server.stop() == 0)
    }

    /// Each head is the one of the first entries of the log: so no two of them contradict each other.
    private static func checkHeads(_ heads: [String], _ leaves: [[UInt8]], key: VerifierKey) throws {
        var roots: [UInt64: LogHash] = [:]
        var newest: UInt64 = 0
        for text in heads {
            let note = try SignedNote(parsing: Array(text.utf8))
            let verified = try note.verified(by: [key])
            let head = try #require(Checkpoint(parsing: verified.text))
            #expect(head.size >= newest, "a later head is smaller than an earlier one")
            newest = head.size
            let former = roots.updateValue(head.root, forKey: head.size)
            #expect(former == nil || former == head.root, "two heads of \(head.size) entries")
        }
        #expect(newest <= leaves.count)
        var tree = TreeHead()
        var compared = 0
        for leaf in leaves {
            tree.append(.leaf(leaf))
            guard let root = roots[tree.size] else { continue }
            #expect(root == tree.root, "the head of \(tree.size) entries is not that of the log")
            compared += 1
        }
        #expect(compared == roots.count)
        #expect(compared > Self.rounds * 5 / 4, "most servers have signed more than once, and it was seen")
    }
}
