import ClavigerCore
import Testing

@testable import ClavigerClient
@testable import claviger

/// What people see of verdicts, plans and reports.
@Suite struct DescriptionTests {
    private static let limits: JSON = [
        ["name": "burst", "limit": 3, "remaining": 1, "resetAt": "2027-01-01T00:01:00.000Z"],
        ["name": "day", "limit": 9, "remaining": 0, "resetAt": "2027-01-02T00:00:00.000Z", "exceeded": true],
    ]

    @Test func anExplanationHasEveryStepAndWhatIsLeft() throws {
        let verdict = try #require(
            Verification([
                "valid": false, "code": "rate_limited",
                "key": ["id": "key_1", "name": "k", "environment": "production", "scopes": ["a", "b"]],
                "consumer": ["id": "con_1", "externalId": "acme"], "rule": "GET /v1/invoices/{id}",
                "limits": Self.limits, "credits": ["remaining": 7, "refillsAt": "2027-02-01T00:00:00.000Z"],
                "retryAfter": 63, "requestId": "req_1",
                "steps": [
                    ["step": "network", "outcome": "skipped", "detail": "nothing to check"],
                    ["step": "limits", "outcome": "failed", "detail": "day refuses: 0 of 9 left"],
                ],
            ])
        )
        #expect(
            verdict.explanation == """
                valid        no
                code         rate_limited
                rule         GET /v1/invoices/{id}
                key          key_1
                name         k
                environment  production
                scopes       a b
                expires      never
                consumer     acme
                limits       burst: 1 of 3 left, all at 2027-01-01T00:01:00.000Z
                             day: 0 of 9 left, all at 2027-01-02T00:00:00.000Z; refused
                credits      7 left, new ones at 2027-02-01T00:00:00.000Z
                try again    in 63s
                request id   req_1

                STEP     OUTCOME  DETAIL
                network  skipped  nothing to check
                limits   failed   day refuses: 0 of 9 left
                """
        )
    }

    @Test func aVerdictWithoutLimitsIsShort() throws {
        let verdict = try #require(Verification(["valid": false, "code": "not_found", "requestId": "req_1"]))
        #expect(verdict.summary == "valid       no\ncode        not_found\nrequest id  req_1")
    }

    @Test func allowancesAndRestrictionsAreShownAsTheyAreTyped() {
        let networks = (0..<25).map { JSON.string("10.0.\($0).0/24") }
        let key = KeyCommand.describe([
            "id": "key_1", "kind": "publishable", "limits": [["name": "a", "requests": 1, "window": "1m"]],
            "credits": ["amount": 5], "planId": "plan_1",
            "restrictions": [
                "networks": ["allow": .array(networks), "deny": ["10.0.0.7/32"]],
                "timeWindows": [["days": ["mon", "tue", "wed"], "from": "08:00", "to": "18:00", "timeZone": "UTC"]],
            ],
            "lastUsed": ["time": "2027-01-01T00:00:00.000Z", "ip": "192.0.2.1", "userAgent": "\u{1B}[2Jcurl"],
        ])
        #expect(key.contains("kind               publishable\n"))
        #expect(key.contains("10.0.19.0/24 and 5 more\n"))
        #expect(key.contains("not from networks  10.0.0.7/32\n"))
        #expect(key.contains("at times           mon-wed 08:00-18:00 UTC\n"))
        #expect(key.contains("limits             a=1/1m\ncredits            5\nplan               plan_1\n"))
        #expect(key.contains("2027-01-01T00:00:00.000Z from 192.0.2.1 by \\u{1b}[2Jcurl"))
    }

    @Test func anAPIShowsItsRules() {
        let api = APICommand.describe([
            "environments": [
                [
                    "name": "production", "tag": "live", "publishableTag": "publive",
                    "restrictions": ["required": ["networks": ["allow": ["10.0.0.0/8"]]]],
                ]
            ],
            "scopes": [["name": "a.write"], ["name": "a.read", "publishable": true]],
            "endpointRules": [
                ["methods": ["GET", "HEAD"], "path": "/a/**", "scopes": "a.read", "cost": 2],
                ["methods": ["POST"], "path": "/a"],
            ],
            "whenNoRuleMatches": "deny",
        ])
        #expect(api.contains("environments                   production:live:publive\n"))
        #expect(api.contains("production only from networks  10.0.0.0/8\n"))
        #expect(api.contains("publishable scopes             a.read\n"))
        #expect(api.contains("GET,HEAD /a/** needs a.read costs 2\n"))
        #expect(api.contains("POST /a\nall other endpoints            deny"))
    }

    @Test func whatIfTellsWhatIsNotShown() {
        let use: JSON = ["time": "2027-01-01T00:00:00.000Z", "ip": "192.0.2.1", "method": "GET", "path": "/a"]
        let report = KeyWhatIfCommand.describe([
            "uses": 9, "wouldBeRefused": 3, "notJudged": 0, "byCode": [["code": "ip_not_allowed", "count": 3]],
            "refused": [["code": "ip_not_allowed", "detail": "in no network", "use": use]],
        ])
        #expect(
            report == """
                uses              9
                would be refused  3
                ip_not_allowed    3

                TIME                      CODE            IP         METHOD  PATH  DETAIL
                2027-01-01T00:00:00.000Z  ip_not_allowed  192.0.2.1  GET     /a    in no network
                2 more are not shown.
                """
        )
    }

    @Test func scopeUsageProposesOnlyWhatUsesHaveShown() {
        let scopes: JSON = [
            ["scope": "a", "uses": 2, "lastUsed": "2027-01-01T00:00:00.000Z"], ["scope": "b", "uses": 0],
        ]
        let some = KeyScopeUsageCommand.describe(
            ["scopes": scopes, "proposed": ["a"], "uses": 3, "notJudged": 1],
            key: "key_1"
        )
        #expect(some.contains("b      0     never\n"))
        #expect(some.hasSuffix("claviger key update key_1 --scope a"))
        let none = KeyScopeUsageCommand.describe(
            ["scopes": scopes, "proposed": [], "uses": 3, "notJudged": 3],
            key: "key_1"
        )
        #expect(!none.contains("key update"))
    }

    @Test func linesThatComeInPiecesAreMadeSafe() {
        var lines = PrintableLines()
        var out: [UInt8] = []
        // Cut inside of a character of several bytes too.
        let text = Array("a\u{1B}[2Jb\r\nü\nrest".utf8)
        for byte in text { out += lines.add([byte]) }
        out += lines.rest
        #expect(String(decoding: out, as: UTF8.self) == "a\\u{1b}[2Jb\nü\nrest")
    }
}
