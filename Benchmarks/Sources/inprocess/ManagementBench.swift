import Bench
import ClavigerCore
import ClavigerService
import ClavigerVerifier

/// The calls whose time could grow with the number of keys.
struct ManagementBench {
    private static let samples = 200

    let workbench: Workbench
    let tokens: [[UInt8]]

    func run() async throws {
        let authority = self.workbench.authority
        let owner = self.workbench.owner
        try await self.measure("explain") { token in
            _ = try await authority.explain(PresentedToken(token), VerificationQuery(), by: owner)
        }
        let some = try await authority.keys(KeyFilter(), api: nil, page: PageRequest(limit: 200), by: owner)
        guard let key = some.last?.value else { throw BenchmarkFailure("there are no keys") }
        try await self.measure("get") { token in
            let id = try await self.keyID(of: token)
            _ = try await authority.key(id, by: owner)
        }
        for (name, filter) in Self.filters(like: key) {
            try await self.measure("list.\(name)") { token in
                // Pages from the beginning and from the middle of the list.
                let after = try await self.keyID(of: token).text
                let page = PageRequest(after: Bool.random() ? after : nil, limit: 50)
                _ = try await authority.keys(filter, api: nil, page: page, by: owner)
            }
        }
        try await self.batches(like: key)
    }

    private static func filters(like key: APIKey) -> [(String, KeyFilter)] {
        var byPlace = KeyFilter()
        byPlace.api = key.apiID
        byPlace.environment = .staging
        var byState = KeyFilter()
        byState.state = .active
        // Finds nothing, and must not read everything to know that.
        var expired = KeyFilter()
        expired.state = .expired
        var revoked = KeyFilter()
        revoked.state = .revoked
        var byConsumer = KeyFilter()
        byConsumer.consumer = key.consumerID
        var byName = KeyFilter()
        byName.name = key.attributes.name.text
        return [
            ("all", KeyFilter()), ("place", byPlace), ("active", byState), ("expired", expired), ("revoked", revoked),
            ("consumer", byConsumer), ("name", byName),
        ]
    }

    private func batches(like key: APIKey) async throws {
        var times: [Int64] = []
        for _ in 0..<5 {
            let drafts = (0..<1000).map { _ in
                KeyDraft(
                    api: .id(key.apiID),
                    environment: key.environment,
                    owner: .id(key.consumerID),
                    attributes: APIKey.Attributes(name: key.attributes.name, scopes: key.attributes.scopes)
                )
            }
            let begin = Measuring.nanoseconds()
            _ = try await self.workbench.authority.issue(drafts, by: self.workbench.owner)
            times.append(Measuring.nanoseconds() - begin)
        }
        Measuring.report("batch.median_ms", Double(times.percentile(0.5)) / 1e6)
    }

    private func measure(_ name: String, _ body: ([UInt8]) async throws -> Void) async throws {
        var times: [Int64] = []
        for _ in 0..<Self.samples {
            let token = self.tokens[Int.random(in: 0..<self.tokens.count)]
            let begin = Measuring.nanoseconds()
            try await body(token)
            times.append(Measuring.nanoseconds() - begin)
        }
        Measuring.report("\(name).median_ms", Double(times.percentile(0.5)) / 1e6)
        Measuring.report("\(name).max_ms", Double(times.max() ?? 0) / 1e6)
    }

    private func keyID(of token: [UInt8]) async throws -> APIKey.ID {
        let verifier = self.workbench.authority.verifier
        let verdict = try await verifier.verify(PresentedToken(token), VerificationQuery(), isVisible: { _ in true })
        guard let key = verdict.key else { throw BenchmarkFailure("a key that should be valid is \(verdict.code)") }
        return key.keyID
    }
}
