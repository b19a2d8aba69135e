import Bench
import ClavigerCore
import ClavigerService
import ClavigerVerifier

/// What it takes to change very many keys at once, and what verifications notice of it.
enum BulkBench {
    /// Makes keys, revokes all of them with one call, and looks how long a verification took at worst meanwhile.
    static func run(_ workbench: Workbench, keys count: Int) async throws {
        let authority = workbench.authority
        let owner = workbench.owner
        let name = try ResourceName(parsing: "bulk-\(SystemTime().now().milliseconds)")
        let prefix = try TokenPrefix(parsing: "b\(SystemTime().now().milliseconds % 100_000_000)")
        let api = try await authority.createAPI(
            APIDraft(name: name, prefix: prefix, attributes: API.Attributes()),
            by: owner
        ).value
        let consumer = try await authority.createConsumer(
            Consumer.Attributes(externalID: try Label(parsing: name.text), kind: .service),
            by: owner
        ).value
        var tokens: [PresentedToken] = []
        for _ in stride(from: 0, to: count, by: 1000) {
            let drafts = try (0..<1000).map { number in
                KeyDraft(
                    api: .id(api.id),
                    environment: .production,
                    owner: .id(consumer.id),
                    attributes: APIKey.Attributes(name: try Label(parsing: "bulk \(number)"))
                )
            }
            let issued = try await authority.issue(drafts, by: owner).value
            if let token = issued.first?.token { tokens.append(PresentedToken(token)) }
        }
        for token in tokens {
            _ = try await workbench.authority.verifier.verify(token, VerificationQuery()) { _ in true }
        }

        var filter = BulkFilter()
        filter.consumer = consumer.id
        let draft = BulkDraft(filter: filter, action: .command(.revoke, reason: .leaked, note: nil))
        var begin = Measuring.nanoseconds()
        let preview = try await authority.previewBulk(draft, by: owner).preview
        Measuring.report("bulk.preview_s", Double(Measuring.nanoseconds() - begin) / 1e9)

        let watch = Task {
            var slowest: Int64 = 0
            while !Task.isCancelled {
                let begin = Measuring.nanoseconds()
                _ = try await authority.verifier.verify(tokens[0], VerificationQuery()) { _ in true }
                slowest = max(slowest, Measuring.nanoseconds() - begin)
                try? await Task.sleep(for: .milliseconds(1))
            }
            return slowest
        }
        begin = Measuring.nanoseconds()
        _ = try await authority.applyBulk(preview.id, by: owner)
        Measuring.report("bulk.revoke_s", Double(Measuring.nanoseconds() - begin) / 1e9)
        for token in tokens {
            let verdict = try await authority.verifier.verify(token, VerificationQuery()) { _ in true }
            guard verdict.code == .revoked else { throw BenchmarkFailure("a key was not refused after the call") }
        }
        watch.cancel()
        Measuring.report("bulk.verify_slowest_ms", Double(try await watch.value) / 1e6)
        Measuring.report("bulk.keys", Double(preview.count))
    }

    /// Looks through all keys of the folder.
    static func hygiene(_ workbench: Workbench) async throws {
        let begin = Measuring.nanoseconds()
        let report = try await workbench.authority.hygiene(nil, HygieneRules(), limit: 50, by: workbench.owner)
        Measuring.report("hygiene.seconds", Double(Measuring.nanoseconds() - begin) / 1e9)
        Measuring.report("hygiene.keys", Double(report.scores.reduce(0) { $0 + $1.score.keys }))
    }
}
