import ArgumentParser
import ClavigerCore
import Testing

@testable import claviger

/// What the options for allowances, restrictions and apis send.
@Suite struct OptionGroupTests {
    private func body(_ fill: (inout Body) throws -> Void) rethrows -> JSON {
        var body = Body()
        try fill(&body)
        return body.json
    }

    private func refusal<Command: ParsableArguments>(_ command: Command.Type, _ arguments: [String]) -> String? {
        do {
            _ = try command.parse(arguments)
            return nil
        } catch {
            return command.message(for: error)
        }
    }

    @Test func anAllowanceIsSentInTheFormOfTheAPI() throws {
        let options = try OwnerAllowanceOptions.parse([
            "--limit", "burst=10/1s", "--limit", "day=5000/24h,burst=100", "--credits", "1000/month", "--plan", "free",
        ])
        let expected: JSON = [
            "limits": [
                ["name": "burst", "requests": 10, "window": "1s", "algorithm": "slidingWindow"],
                ["name": "day", "requests": 5000, "window": "1d", "algorithm": "tokenBucket", "burst": 100],
            ],
            "credits": [
                "amount": 1000,
                "refill": ["every": "month", "amount": 1000, "timeZone": "UTC", "mode": "replace"],
            ],
            "planId": "free",
        ]
        #expect(self.body { options.fill(&$0) } == expected)
        #expect(self.body { (try! OwnerAllowanceOptions.parse([])).fill(&$0) } == .object(JSONObject()))
    }

    @Test func whatIsRemovedIsNull() throws {
        let changes = try OwnerAllowanceChanges.parse(["--no-limits", "--no-credits", "--no-plan"])
        #expect(self.body { changes.fill(&$0) } == ["limits": .null, "credits": .null, "planId": .null])
    }

    @Test(arguments: [
        ["--limit", "a=1/1s", "--no-limits"], ["--credits", "1", "--no-credits"], ["--plan", "a", "--no-plan"],
        ["--limit", "a=1/1s", "--limit", "a=2/1s"],
    ])
    func contradictingAllowancesAreRefused(arguments: [String]) {
        #expect(self.refusal(OwnerAllowanceChanges.self, arguments) != nil)
    }

    @Test func restrictionsAreSentInTheFormOfTheAPI() throws {
        let digest = String(repeating: "00:", count: 31) + "00"
        let options = try RestrictionOptions.parse([
            "--allow-network", "203.0.113.0/24", "--allow-network", "2001:db8::/32", "--deny-network", "203.0.113.7",
            "--origin", "https://*.example.com", "--time-window", "mon 08:00-18:00 UTC", "--client-certificate", digest,
        ])
        let expected: JSON = [
            "restrictions": [
                "networks": ["allow": ["203.0.113.0/24", "2001:db8::/32"], "deny": ["203.0.113.7/32"]],
                "origins": ["https://*.example.com"],
                "timeWindows": [["days": ["mon"], "from": "08:00", "to": "18:00", "timeZone": "UTC"]],
                "certificateThumbprints": [.string(String(repeating: "A", count: 43))],
            ]
        ]
        #expect(try self.body { try options.fill(&$0) } == expected)
    }

    @Test func aChangeOfOneKindOfRestrictionKeepsTheOthers() throws {
        let current: JSON = [
            "networks": ["allow": ["10.0.0.0/8"], "deny": ["10.1.0.0/16"]], "origins": ["https://a.example.com"],
        ]
        func applied(_ arguments: [String]) throws -> JSON {
            .object(try RestrictionChanges.parse(arguments).applied(to: current))
        }
        #expect(
            try applied(["--allow-network", "192.0.2.0/24"]) == [
                "networks": ["allow": ["192.0.2.0/24"], "deny": ["10.1.0.0/16"]], "origins": ["https://a.example.com"],
            ]
        )
        #expect(try applied(["--no-allow-networks", "--no-deny-networks"]) == ["origins": ["https://a.example.com"]])
        #expect(
            try applied(["--no-origins"]) == ["networks": ["allow": ["10.0.0.0/8"], "deny": ["10.1.0.0/16"]]]
        )
        #expect(try applied(["--no-restrictions"]) == .object(JSONObject()))
    }

    @Test(arguments: [
        (["--allow-network", "10.0.0.1/8"], "did you mean 10.0.0.0/8?"),
        (["--allow-network", "10.0.0.0/8", "--no-allow-networks"], "not both"),
        (["--origin", "example.com"], "must be a scheme"), (["--client-certificate", "x"], "SHA-256"),
        (["--restrictions", "a.json", "--origin", "https://example.com"], "not both"),
        (["--restrictions", "a.json", "--no-origins"], "replace everything"),
        (["--restrictions", "a.json", "--no-restrictions"], "not both"),
    ])
    func wrongRestrictionsAreRefused(arguments: [String], expected: String) {
        #expect(self.refusal(RestrictionChanges.self, arguments)?.contains(expected) == true)
    }

    @Test func scopesAndEnvironmentsOfAnAPI() throws {
        let fields = try APIFields.parse([
            "--scope", "a.write=Writes", "--publishable-scope", "a.read", "--environment", "production:live",
            "--environment", "dev:test:pubtest", "--when-no-rule-matches", "allow", "--description", "",
        ])
        let expected: JSON = [
            "description": .null,
            "scopes": [["name": "a.write", "description": "Writes"], ["name": "a.read", "publishable": true]],
            "whenNoRuleMatches": "allow",
        ]
        #expect(try self.body { try fields.fill(&$0, isNew: false) } == expected)
        let restrictions: JSON = ["required": ["networks": ["allow": ["10.0.0.0/8"]]]]
        let current: [JSON] = [
            ["name": "production", "tag": "old", "publishableTag": "pub", "restrictions": restrictions],
            ["name": "gone", "tag": "gone"],
        ]
        #expect(
            fields.environments(current) == [
                ["name": "production", "tag": "live", "publishableTag": "pub", "restrictions": restrictions],
                ["name": "dev", "tag": "test", "publishableTag": "pubtest"],
            ]
        )
    }

    @Test func standardInputIsReadOnce() {
        for arguments in [
            ["shop", "--prefix", "shop", "--endpoint-rules", "-", "--token-file", "-"]
        ] {
            #expect(self.refusal(APICommand.Create.self, arguments)?.contains("Standard input") == true)
        }
        let key = ["n", "--api", "a", "--environment", "e", "--consumer", "c", "--restrictions", "-"]
        #expect(self.refusal(KeyCreateCommand.self, key) == nil)
        #expect(self.refusal(KeyCreateCommand.self, key + ["--token-file", "-"])?.contains("not both") == true)
        #expect(
            self.refusal(CreditCommand.Reserve.self, ["-", "5", "--token-file", "-"])?.contains("not both") == true
        )
    }

    @Test(arguments: [
        ["--from", "1h", "--to", "2h"], ["--from", "2027-01-02T00:00:00Z", "--to", "2027-01-01T00:00:00Z"],
    ])
    func aRangeThatEndsBeforeItBeginsIsRefused(arguments: [String]) {
        #expect(self.refusal(TimeRangeOptions.self, arguments)?.contains("--from must be before --to") == true)
    }

    @Test func anUnknownCodeIsToldApart() {
        let refusal = self.refusal(AccessLogOptions.self, ["--code", "rate_limted"])
        #expect(refusal?.contains("Did you mean rate_limited?") == true)
    }
}
