import ClavigerCore
import Testing

@testable import ClavigerEnvoy

@Suite("What Envoy's configuration says about a route")
struct RouteSettingsTests {
    private static let least = ["api": "payments", "environment": "production"]

    @Test func everythingCanBeSaid() throws {
        let settings = try RouteSettings(
            Self.least.merging(["scopes": "a.read AND (b.read OR c)", "cost": "3"]) { $1 }
        )
        #expect(settings.api == "payments")
        #expect(settings.environment == "production")
        #expect(settings.scopes == (try ScopeQuery(parsing: "a.read AND (b.read OR c)")))
        #expect(settings.cost == 3)
        let plain = try RouteSettings(Self.least)
        #expect(plain.scopes == nil)
        #expect(plain.cost == nil)
    }

    @Test(
        arguments: [
            ([:], "api is missing"),
            (["api": "payments"], "environment is missing"),
            (["environment": "production"], "api is missing"),
            (["api": "", "environment": "production"], "api is missing"),
            (["api": "payments", "environment": ""], "environment is missing"),
            (least.merging(["scopes": ""]) { $1 }, "scopes"),
            (least.merging(["scopes": "a AND"]) { $1 }, "scopes"),
            (least.merging(["cost": ""]) { $1 }, "cost must be"),
            (least.merging(["cost": "-1"]) { $1 }, "cost must be"),
            (least.merging(["cost": "1.5"]) { $1 }, "cost must be"),
            (least.merging(["cost": "99999999999999999999"]) { $1 }, "cost must be"),
            // Misspelt: without this the scopes would not be asked for.
            (least.merging(["scope": "a.read"]) { $1 }, "not known"),
        ] as [([String: String], String)]
    )
    func mistakesAreRefused(extensions: [String: String], message: String) throws {
        let mistake = #expect(throws: RouteSettings.Mistake.self) { try RouteSettings(extensions) }
        #expect(mistake?.description.contains(message) == true)
    }
}
