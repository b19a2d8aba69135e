import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import Testing

/// Claviger locks nobody out by itself, also not by relying on a key that ends tomorrow.
@Suite struct LastOwnerTests {
    private static let day = Duration.seconds(86_400)

    enum Other: CaseIterable {
        case endsSoon, beginsLater, lasts
    }

    @Test(arguments: Other.allCases)
    func theLastOneForGoodIsSpared(other: Other) async throws {
        let fixture = try await JobFixture()
        var attributes = APIKey.Attributes(name: try Label(parsing: "other"), roles: [BuiltInRole.owner.name])
        switch other {
        case .endsSoon: attributes.expiresAt = fixture.now + Self.day
        case .beginsLater: attributes.notBefore = fixture.now + Self.day
        case .lasts: break
        }
        _ = try await fixture.test.authority.issue(
            [
                KeyDraft(
                    api: .name(API.managementName),
                    environment: .production,
                    owner: .id(fixture.consumer.id),
                    attributes: attributes
                )
            ],
            by: fixture.owner
        )
        try await fixture.test.database.write {
            try $0.execute("UPDATE keys SET rotate_by = \(fixture.now) WHERE id = \(fixture.owner.keyID)")
        }
        fixture.test.time.advance(by: .seconds(400))
        try await fixture.test.scheduler.runOnce()
        let state = try await fixture.test.database.read {
            try $0.row("SELECT state FROM keys WHERE id = \(fixture.owner.keyID)")?.value("state", as: String.self)
        }
        #expect(state == (other == .lasts ? "suspended" : "active"))
    }
}
