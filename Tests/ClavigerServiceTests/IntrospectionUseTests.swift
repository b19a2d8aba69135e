@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Testing

/// Keys that resource servers ask about and that nobody verifies.
@Suite struct IntrospectionUseTests {
    @Test func aKeyThatIsOnlyAskedAboutIsNotUnused() async throws {
        let fixture = try await JobFixture()
        let steps: JSON = ["suspend": "10d"]
        try await fixture.policy([("inactivity", ["neverUsed": steps, "idle": steps])])
        let (asked, unused) = (try await fixture.key(), try await fixture.key())
        let token = PresentedToken(asked.token.withPlaintext { String(decoding: $0, as: UTF8.self) })
        for _ in 0..<6 {
            try await fixture.advance(.seconds(4 * 86_400))
            let told = try await fixture.test.authority.introspect(token, ClientContext(), by: fixture.owner)
            guard case .active = told else {
                Issue.record("\(told)")
                return
            }
        }
        #expect(try await fixture.state(asked.key.id) == "active")
        #expect(try await fixture.state(unused.key.id) == "suspended unused")
        // It counts as long as it lasts.
        for _ in 0..<3 { try await fixture.advance(.seconds(4 * 86_400)) }
        #expect(try await fixture.state(asked.key.id) == "suspended unused")
    }
}
