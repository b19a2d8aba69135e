import ArgumentParser
import ClavigerCore
import Testing

@testable import claviger

/// What the commands for rotations send and show.
@Suite struct RotationCommandTests {
    @Test(
        arguments: [
            ([], .object(JSONObject())), (["--grace", "0"], ["grace": "0"]),
            (["--until", "2027-01-01T00:00:00Z"], ["until": "2027-01-01T00:00:00Z"]),
            (["--quiet-for", "6h"], ["quietFor": "6h"]),
        ] as [([String], JSON)]
    )
    func theGraceIsSentAsItIsGiven(arguments: [String], expected: JSON) throws {
        var body = Body()
        try GraceOptions.parse(arguments).fill(&body)
        #expect(body.json == expected)
    }

    @Test func twoGracesAreRefused() {
        #expect(throws: (any Error).self) { try GraceOptions.parse(["--grace", "1h", "--quiet-for", "1h"]) }
        #expect(throws: (any Error).self) { try KeyRotateCommand.parse(["key_1", "--reason", "whim"]) }
    }

    @Test func aRotationIsToldToAPerson() {
        let text = KeyRotationCommand.describe([
            "current": ["id": "cred_2", "createdAt": "2026-11-21T06:40:00.000Z"],
            "retiring": [
                "credentialId": "cred_1", "replacedAt": "2026-11-21T06:40:00.000Z",
                "graceEndsAt": "2026-11-22T06:40:00.000Z", "lastUsedAt": "2026-11-21T07:00:00.000Z",
                "users": [
                    [
                        "network": "203.0.113.9/32", "userAgent": "billing/1", "count": 3,
                        "lastUsedAt": "2026-11-21T07:00:00.000Z",
                    ]
                ],
            ],
            "retired": .null,
        ])
        for part in ["cred_1", "cred_2", "203.0.113.9/32", "billing/1", "2026-11-22T06:40:00.000Z"] {
            #expect(text.contains(part))
        }
        let none = KeyRotationCommand.describe(["current": ["id": "cred_2"], "retiring": .null, "retired": .null])
        #expect(none.contains("none"))
    }
}
