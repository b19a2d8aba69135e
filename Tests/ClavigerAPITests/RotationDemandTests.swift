import ClavigerCore
import ClavigerTestSupport
import HTTPTypes
import Testing

/// A rotation that was asked for is over by its moment: whoever has the old token cannot make it last.
@Suite struct RotationDemandTests {
    /// Asks for a rotation of the keys of `payments`.
    private func demand(_ api: APIFixture, within time: String) async throws {
        let preview = try await api.previewBulk(["apiId": "payments"], "requireRotation", [("within", .string(time))])
        let applied = try await api.applyBulk(preview)
        guard applied.status == 200 else { throw APIFixture.Unexpected(applied.text) }
    }

    private func rotate(_ api: APIFixture, _ token: String, _ body: JSON) async throws -> APIFixture.Answer {
        try await api.send(.post, "/v1/self/rotate", body, token: token)
    }

    private func graceEnds(_ answer: APIFixture.Answer) -> [String] {
        let credentials = answer.json["key"]?["credentials"]?.array ?? []
        return credentials.filter { $0["state"] == "retiring" }.compactMap { $0["graceEndsAt"]?.string }
    }

    @Test(arguments: [
        #"{"grace": "30d"}"#, #"{}"#, #"{"quietFor": "24h"}"#, #"{"until": "2026-12-20T00:00:00Z"}"#,
    ])
    func theOldTokenIsOverByTheDate(body: String) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await self.demand(api, within: "2h")
            let by = (api.test.time.now() + .seconds(7200)).text
            let own = try await api.send(.get, "/v1/self", token: key.token).json["rotation"]
            #expect(own?["maximumGrace"] == "2h")
            let answer = try await self.rotate(api, key.token, try JSON.parse(Array(body.utf8)))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(self.graceEnds(answer) == [by])
            #expect(try await api.send(.get, "/v1/keys/\(key.id)").json["rotateBy"] == nil)
            api.test.time.advance(by: .seconds(7199))
            #expect(try await api.verify(key.token)["valid"] == true)
            api.test.time.advance(by: .seconds(1))
            #expect(try await api.verify(key.token)["code"] == "superseded")
            #expect(try await api.verify(answer.json["token"]?.string ?? "")["valid"] == true)
        }
    }

    /// There is always time to ask again for an answer that was lost.
    @Test func atTheLastMomentTenMinutesAreLeft() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await self.demand(api, within: "1h")
            api.test.time.advance(by: .seconds(3500))
            let answer = try await self.rotate(api, key.token, ["grace": "24h"])
            #expect(self.graceEnds(answer) == [(api.test.time.now() + .seconds(600)).text])
        }
    }

    /// What the rules refuse is refused all the same, and a shorter grace stays short.
    @Test func itIsShortenedAndNothingElse() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await self.demand(api, within: "2h")
            #expect(try await self.rotate(api, key.token, ["grace": "31d"]).pointers == ["/grace"])
            #expect(try await self.rotate(api, key.token, ["grace": "9m"]).pointers == ["/grace"])
            let answer = try await self.rotate(api, key.token, ["grace": "1h"])
            #expect(self.graceEnds(answer) == [(api.test.time.now() + .seconds(3600)).text])
        }
    }

    /// An even older token, where the rules let three be used, does not outlive the date either.
    @Test func olderTokensAreOverByThenToo() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let rules: JSON = ["appliesTo": ["apis": ["payments"]], "rotation": ["mostLiveCredentials": 3]]
            #expect(try await api.send(.put, "/v1/policies/three", rules).status < 300)
            let first = try await self.rotate(api, key.token, ["grace": "30d"])
            let second = try #require(first.json["token"]?.string)
            try await self.demand(api, within: "2h")
            let by = (api.test.time.now() + .seconds(7200)).text
            let answer = try await self.rotate(api, second, ["grace": "30d"])
            #expect(self.graceEnds(answer) == [by, by], "\(answer.text)")
            api.test.time.advance(by: .seconds(7200))
            for each in [key.token, second] { #expect(try await api.verify(each)["code"] == "superseded") }
        }
    }

    /// Who rotates the keys of others decides how long the old token works.
    @Test func anOperatorMayLeaveMore() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            try await self.demand(api, within: "2h")
            let answer = try await api.send(.post, "/v1/keys/\(key.id)/rotate", ["grace": "24h"])
            #expect(self.graceEnds(answer) == [(api.test.time.now() + .seconds(86_400)).text])
        }
    }

    @Test(arguments: [["mostLiveCredentials": 1], ["maximumGrace": "9m"]] as [JSON])
    func withoutTimeToAskAgainAHolderCannotRotate(rule: JSON) async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let rules: JSON = ["appliesTo": ["apis": ["payments"]], "rotation": rule]
            #expect(try await api.send(.put, "/v1/policies/brief", rules).status < 300)
            let own = try await api.send(.get, "/v1/self", token: key.token).json["rotation"]
            #expect(own?["mayRotate"] == false)
            for grace in ["0", "9m", "10m"] {
                let refused = try await self.rotate(api, key.token, ["grace": .string(grace)])
                #expect(refused.status == 403)
                #expect(refused.json["detail"]?.string?.contains("10m") == true)
            }
            #expect(try await api.send(.post, "/v1/keys/\(key.id)/rotate", ["grace": "0"]).status == 200)
        }
    }
}
