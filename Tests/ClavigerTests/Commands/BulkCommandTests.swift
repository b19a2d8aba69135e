import ArgumentParser
import ClavigerCore
import Testing

@testable import claviger

/// What `claviger bulk`, `consumer offboard` and `hygiene` send and show.
@Suite struct BulkCommandTests {
    @Test func everyConditionIsSent() throws {
        let options = try BulkOptions.parse([
            "revoke", "--reason", "leaked", "--note", "n", "--api", "payments", "--environment", "production",
            "--plan", "trial", "--tag", "team=blue", "--tag", "a=b=c", "--created-by", "key_1", "--last-used-from",
            "203.0.113.0/24", "--state", "active", "--created-before", "2027-01-01T00:00:00Z", "--idle-for", "90d",
        ])
        #expect(
            options.body(consumerID: "con_1") == [
                "filter": [
                    "apiId": "payments", "environment": "production", "consumerId": "con_1", "planId": "trial",
                    "metadata": ["team": "blue", "a": "b=c"], "createdBy": "key_1",
                    "lastUsedFrom": "203.0.113.0/24", "state": "active",
                    "createdBefore": "2027-01-01T00:00:00.000Z", "idleFor": "90d",
                ],
                "action": "revoke", "reason": "leaked", "note": "n",
            ]
        )
        let all = try BulkOptions.parse(["setExpiry", "--all-keys", "--expires", "2037-01-01T00:00:00Z"])
        #expect(
            all.body(consumerID: nil) == [
                "filter": ["all": true], "action": "setExpiry", "expiresAt": "2037-01-01T00:00:00.000Z",
            ]
        )
        let incident = try BulkOptions.parse(["requireRotation", "--within", "24h", "--api", "payments"])
        #expect(
            incident.body(consumerID: nil) == [
                "filter": ["apiId": "payments"], "action": "requireRotation", "within": "24h",
            ]
        )
    }

    @Test(arguments: [
        ["revoke", "--tag", "blue"], ["revoke", "--last-used-from", "here"], ["rotate"], ["setExpiry", "--all-keys"],
        ["revoke", "--expires", "30d"], ["requireRotation", "--all-keys"], ["revoke", "--within", "1h"], [],
    ])
    func whatCannotBeMeantIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try BulkOptions.parse(arguments) }
    }

    @Test(arguments: [("y", true), ("YES", true), ("", false), ("n", false), ("yes please", false), ("1", false)])
    func onlyAYesIsOne(answer: String, expected: Bool) {
        #expect(ConfirmationOptions.isYes(answer) == expected)
    }

    @Test func aTransferNamesWhoTakesOver() throws {
        #expect(throws: (any Error).self) { try ConsumerOffboardCommand.parse(["acme", "--action", "transfer"]) }
        #expect(throws: (any Error).self) { try ConsumerOffboardCommand.parse(["acme", "--to", "globex"]) }
        #expect(throws: (any Error).self) {
            try ConsumerOffboardCommand.parse(["acme", "--action", "revoke", "--to", "globex"])
        }
        let transfer = try ConsumerOffboardCommand.parse(["acme", "--action", "transfer", "--to", "globex"])
        #expect(transfer.to == "globex")
        #expect(!transfer.confirmation.yes)
    }

    @Test func aPreviewIsShownWithSomeOfItsKeys() {
        let text = BulkCommand.describe([
            "previewId": "prv_1", "count": 2, "unaffected": 1, "expiresAt": "2027-01-01T00:15:00.000Z",
            "places": [["apiId": "api_1", "environment": "production", "count": 2]],
            "sample": [["id": "key_1", "name": "one\u{1b}[2J", "state": "active"]],
        ])
        #expect(text.contains("keys              2"))
        #expect(text.contains("not affected      1"))
        #expect(text.contains("api_1 production  2"))
        #expect(text.contains("key_1"))
        #expect(!text.contains("\u{1b}"))
    }

    @Test func whatDependsOnAConsumerIsShown() {
        let text = ConsumerOffboardCommand.describe([
            "consumer": ["externalId": "acme"], "count": 1, "plans": [["id": "plan_1", "name": "gold"]],
            "keys": [["id": "key_1", "name": "k", "lastUsed": ["time": "2027-01-01T00:00:00.000Z"]]],
            "reservations": [["id": "res_1", "amount": 7, "expiresAt": "2027-01-01T01:00:00.000Z"]],
            "users": [["network": "203.0.113.9/32", "userAgent": "billing/2", "count": 5]],
        ])
        for part in ["acme", "gold", "key_1", "2027-01-01T00:00:00.000Z", "res_1 of 7", "203.0.113.9/32", "billing/2"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func hygieneShowsTheCommandThatFixesAFinding() throws {
        let text = HygieneCommand.describe([
            "apis": [["name": "payments", "score": 87, "keys": 3, "keysWithFindings": 1]],
            "items": [
                [
                    "keyId": "key_1", "name": "k",
                    "findings": [
                        [
                            "finding": "never_expires", "severity": "medium",
                            "fix": "claviger key update key_1 --expires 90d",
                        ]
                    ],
                ]
            ],
        ])
        #expect(text.contains("payments  87     3     1"))
        #expect(text.contains("never_expires  claviger key update key_1 --expires 90d"))
        #expect(HygieneCommand.describe(["apis": [], "items": []]).contains("Nothing was found."))
        #expect(throws: (any Error).self) { try HygieneCommand.parse(["--scopes-for", "30d"]) }
        #expect(throws: (any Error).self) { try HygieneCommand.parse(["--limit", "201"]) }
    }
}
