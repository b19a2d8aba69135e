import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import Testing

/// `POST /v1/leaks/github`, the receiver of GitHub's secret scanning partner programme.
@Suite struct GitHubLeakTests {
    private func run(_ body: @escaping @Sendable (APIFixture, GitHubFixture) async throws -> Void) async throws {
        let test = try await TestAuthority()
        let gitHub = GitHubFixture(time: test.time)
        try await test.application(gitHubKeys: gitHub.keys).test(.router) { client in
            try await body(APIFixture(test: test, client: client), gitHub)
        }
    }

    @Test func aSignedReportEndsTheKeyAndIsAnswered() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            let answer = try await gitHub.report(
                [
                    [
                        "token": .string(key.token), "type": "claviger_key", "source": "commit",
                        "url": .string("https://github.com/o/r/blob/c/f?t=\(key.token)"),
                    ],
                    ["token": "NMIfyYncKcRALEXAMPLE", "type": "claviger_key", "url": "", "source": "content"],
                ],
                to: api
            )
            #expect(answer.status == 200)
            func hash(_ text: String) -> JSON {
                .string(SHA256Reference.hash(text).map { String(format: "%02x", $0) }.joined())
            }
            let expected: JSON = [
                ["token_hash": hash(key.token), "token_type": "claviger_key", "label": "true_positive"],
                ["token_hash": hash("NMIfyYncKcRALEXAMPLE"), "token_type": "claviger_key", "label": "false_positive"],
            ]
            #expect(answer.json == expected)
            #expect(try await api.verify(key.token)["code"] == "compromised")
            let reports = try await api.send(.get, "/v1/leaks").json["items"]?.array ?? []
            #expect(reports.count == 1)
            #expect(reports.first?["source"] == "github:commit")
            #expect(
                reports.first?["url"]?.string == "https://github.com/o/r/blob/c/f?t=\(key.token.dropLast(49))…"
            )
            #expect(reports.first?["reportedBy"] == nil)
            let event = try await api.send(.get, "/v1/audit/events?action=key.compromise").json["items"]?.array?.first
            #expect(event?["actor"]?["kind"] == "system")
            #expect(event?["reason"] == "leaked")
            let record = try await api.send(.get, "/v1/audit/events?action=leak.report").json["items"]?.array
            #expect(record?.count == 1)
            // Once more: it is a token of ours, and nothing else happens.
            let again = try await gitHub.report([["token": .string(key.token), "type": "t"]], to: api)
            #expect(again.json.array?.first?["label"] == "true_positive")
            #expect(gitHub.list.fetches == 1)
        }
    }

    @Test func withoutTheSettingThereIsNothing() async throws {
        let gitHub = GitHubFixture(time: ManualTime())
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let answer = try await gitHub.report([["token": .string(key.token), "type": "t"]], to: api)
            #expect(answer.status == 404)
            #expect(answer.problem == "not-found")
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func whatGitHubHasNotSignedIsRefused() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            let body = Array(#"[{"token": "\#(key.token)", "type": "t"}]"#.utf8)
            let good = try gitHub.key.signature(for: body).derRepresentation
            let other = try P256.Signing.PrivateKey().signature(for: body).derRepresentation
            let raw = try gitHub.key.signature(for: body).rawRepresentation
            let cases: [([UInt8], String?, Data?)] = [
                (body + [0x20], "first", good), (Array(body.dropFirst()), "first", good), (body, "first", other),
                (body, "first", raw), (body, "second", good), (body, "", good), (body, nil, good), (body, "first", nil),
                (body, "first", Data()), (body, "first", Data(good.dropLast())), (body, "first", good + [0]),
            ]
            for (index, (bytes, identifier, signature)) in cases.enumerated() {
                let answer = try await gitHub.send(bytes, to: api, identifier, signature)
                #expect(answer.status == 403, "case \(index)")
                #expect(answer.problem == "bad-signature", "case \(index)")
                #expect(answer.headers[.wwwAuthenticate] == nil)
            }
            // A management key is no signature.
            let asOwner = try await api.sendRaw(.post, "/v1/leaks/github", body, token: api.test.ownerToken)
            #expect(asOwner.status == 403)
            #expect(try await api.verify(key.token)["valid"] == true)
            #expect(try await api.send(.get, "/v1/leaks").json["items"] == .array([]))
            #expect(try await gitHub.send(body, to: api, "first", good).status == 200)
            #expect(try await api.verify(key.token)["code"] == "compromised")
        }
    }

    @Test func whatIsSignedAndNoReportIsRefusedWhole() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            let reports: [(JSON, Int)] = [
                (["token": .string(key.token)], 422), ([["type": "t"]], 422), ([1], 422),
                ([["token": .string(key.token), "type": "t"], ["token": 1, "type": "t"]], 422), ([], 200),
            ]
            for (report, status) in reports {
                #expect(try await gitHub.report(report, to: api).status == status, "\(report)")
            }
            let broken = Array("[{".utf8)
            let signature = try gitHub.key.signature(for: broken).derRepresentation
            #expect(try await gitHub.send(broken, to: api, "first", signature).status == 400)
            let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
            let answer = try await gitHub.send(
                large,
                to: api,
                "first",
                try gitHub.key.signature(for: large).derRepresentation
            )
            #expect(answer.status == 413)
            #expect(try await api.verify(key.token)["valid"] == true)
        }
    }

    @Test func aReportOfManyIsTakenWhole() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            var matches = (0..<2500).map { JSON.object(JSONObject([("token", .string("x\($0)")), ("type", "t")])) }
            matches.append(["token": .string(key.token), "type": "t"])
            let answer = try await gitHub.report(.array(matches), to: api)
            #expect(answer.json.array?.count == 2501)
            #expect(answer.json.array?.last?["label"] == "true_positive")
            #expect(answer.json.array?.count { $0["label"] == "false_positive" } == 2500)
            #expect(try await api.verify(key.token)["code"] == "compromised")
        }
    }

    @Test func aLongOrStrangePlaceIsNoReasonToRefuse() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            let url = "https://example.com/\u{202E}" + String(repeating: "é", count: 5000)
            let answer = try await gitHub.report(
                [
                    [
                        "token": .string(key.token), "type": "t", "url": .string(url),
                        "source": .string(String(repeating: "s", count: 500)),
                    ]
                ],
                to: api
            )
            #expect(answer.status == 200)
            #expect(try await api.verify(key.token)["code"] == "compromised")
            let report = try await api.send(.get, "/v1/leaks").json["items"]?.array?.first
            #expect(report?["url"]?.string == "https://example.com/" + String(repeating: "é", count: 2028))
            #expect(report?["source"]?.string == "github:" + String(repeating: "s", count: 121))
        }
    }

    @Test func aPublishableKeyIsReportedAndGoesOn() async throws {
        try await self.run { api, gitHub in
            let key = try await api.makeKey()
            _ = try await api.send(
                .patch,
                "/v1/apis/payments",
                ["scopes": [["name": "invoices.read"], ["name": "tiles.read", "publishable": true]]]
            )
            let issued = try await api.send(
                .post,
                "/v1/keys",
                [
                    "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer),
                    "name": "Page", "kind": "publishable", "scopes": ["tiles.read"],
                ]
            )
            let token = issued.json["token"]?.string ?? ""
            let answer = try await gitHub.report([["token": .string(token), "type": "t"]], to: api)
            #expect(answer.json.array?.first?["label"] == "true_positive")
            #expect(try await api.verify(token)["valid"] == true)
            let reports = try await api.send(.get, "/v1/leaks?outcome=reported").json["items"]?.array
            #expect(reports?.count == 1)
        }
    }
}
