import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Testing

/// What a management key may do ends with the change that takes it away, whatever is still on its way.
@Suite struct WithdrawnPowerTests {
    @Test func aRevokedCallerWhoseRequestIsOnItsWayIsRefused() async throws {
        try await APIFixture.run { api in
            let other = try await api.makeManagementKey(roles: ["owner"])
            let caller = try await api.test.caller(other.token)
            _ = try await api.send(.post, "/v1/keys/\(other.id)/revoke", ["reason": "leaked"])
            let draft = Consumer.Attributes(externalID: try Label(parsing: "late"), kind: .user)
            await #expect(throws: Problem.callerRefused) {
                _ = try await api.test.authority.createConsumer(draft, by: caller)
            }
            await #expect(throws: Problem.callerRefused) {
                _ = try await api.test.authority.apis(page: PageRequest(limit: 10), by: caller)
            }
            #expect(try await api.send(.get, "/v1/consumers?externalId=late").json["items"] == .array([]))
        }
    }

    @Test func aCallerWhoseCredentialWasReplacedMeanwhileIsRefused() async throws {
        try await APIFixture.run { api in
            let other = try await api.makeManagementKey(roles: ["owner"])
            let caller = try await api.test.caller(other.token)
            _ = try await api.send(.post, "/v1/keys/\(other.id)/rotate", ["grace": "1h"])
            // In grace it is as good as before.
            _ = try await api.test.authority.apis(page: PageRequest(limit: 10), by: caller)
            _ = try await api.send(.post, "/v1/keys/\(other.id)/rotation/end")
            let id = try APIKey.ID(parsing: other.id)
            await #expect(throws: Problem.callerRefused) {
                _ = try await api.test.authority.rotate(id, RotationRequest(grace: .usual), by: caller)
            }
            await #expect(throws: Problem.callerRefused) {
                _ = try await api.test.authority.apis(page: PageRequest(limit: 10), by: caller)
            }
            let credentials = try await api.send(.get, "/v1/keys/\(other.id)/credentials").json["items"]?.array
            #expect(credentials?.count == 2)
        }
    }

    @Test func aNarrowedCallerHasWhatItHasNow() async throws {
        try await APIFixture.run { api in
            let other = try await api.makeManagementKey(scopes: ["consumers.*"])
            let caller = try await api.test.caller(other.token)
            _ = try await api.send(.patch, "/v1/keys/\(other.id)", ["scopes": ["consumers.read"]])
            let draft = Consumer.Attributes(externalID: try Label(parsing: "late"), kind: .user)
            let refused = await #expect(throws: Problem.self) {
                _ = try await api.test.authority.createConsumer(draft, by: caller)
            }
            #expect(refused?.neededScope == "consumers.create")
        }
    }

    @Test func aReplayNeedsThePermissionsOfTheFirstTime() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            let other = try await api.makeManagementKey(scopes: ["apis.payments.*.keys.create"])
            let draft: JSON = [
                "apiId": "payments", "environment": "production", "consumerId": .string(key.consumer), "name": "R",
            ]
            let header = HTTPField.Name("Idempotency-Key")!
            let first = try await api.send(.post, "/v1/keys", draft, token: other.token, headers: [header: "r"])
            #expect(first.status == 201)
            _ = try await api.send(.patch, "/v1/keys/\(other.id)", ["scopes": []])
            let second = try await api.send(.post, "/v1/keys", draft, token: other.token, headers: [header: "r"])
            #expect(second.status == 422)
            #expect(second.json["token"] == nil)
            _ = try await api.send(.patch, "/v1/keys/\(other.id)", ["scopes": ["apis.payments.*.keys.create"]])
            let third = try await api.send(.post, "/v1/keys", draft, token: other.token, headers: [header: "r"])
            #expect(third.bytes == first.bytes)
            let replays = try await api.send(.get, "/v1/audit/events?action=key.create.replay").json["items"]?.array
            #expect(replays?.count == 1)
        }
    }

    @Test func resumingAndRolesCannotOutliveTheCaller() async throws {
        try await APIFixture.run { api in
            let end = (api.test.time.now() + .seconds(60)).text
            let forever = try await api.makeManagementKey(scopes: ["consumers.read"])
            _ = try await api.send(.post, "/v1/keys/\(forever.id)/suspend")
            let brief = try await api.makeManagementKey(scopes: ["*"], expiresAt: end)
            let resumed = try await api.send(.post, "/v1/keys/\(forever.id)/resume", token: brief.token)
            #expect(resumed.status == 403)

            _ = try await api.send(.post, "/v1/roles", ["name": "rr", "scopes": ["consumers.read"]])
            _ = try await api.makeManagementKey(roles: ["rr"])
            let widened = try await api.send(.patch, "/v1/roles/rr", ["scopes": ["roles.*"]], token: brief.token)
            #expect(widened.status == 403)
        }
    }

    @Test(arguments: ["suspend", "revoke", "compromise"])
    func whoHasLessCannotTakePowerFromWhoHasMore(command: String) async throws {
        try await APIFixture.run { api in
            let owner = try await api.makeManagementKey(roles: ["owner"])
            let lesser = try await api.makeManagementKey(roles: ["operator"])
            let body: JSON = ["reason": "other"]
            let path = "/v1/keys/\(owner.id)"
            #expect(try await api.send(.post, "\(path)/\(command)", body, token: lesser.token).status == 403)
            #expect(try await api.send(.patch, path, ["scopes": [], "roles": []], token: lesser.token).status == 403)
            // Everybody may end their own.
            let own = try await api.send(.post, "/v1/keys/\(lesser.id)/\(command)", body, token: lesser.token)
            #expect(own.status == 200)
        }
    }

    @Test func aRoleIsNoWayAroundTheCatalogue() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            _ = try await api.send(.post, "/v1/roles", ["name": "outside", "scopes": ["payroll.delete"]])
            let answer = try await api.send(.patch, "/v1/keys/\(key.id)", ["roles": ["outside"]])
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/roles/0"])
        }
    }

    @Test func answersToHEADHaveNoBody() async throws {
        try await APIFixture.run { api in
            for path in ["/healthz", "/v1/keys", "/nothing"] {
                let answer = try await api.sendRaw(.head, path, nil)
                #expect(answer.bytes.isEmpty, "\(path)")
            }
        }
    }

    @Test(arguments: ["a\u{202E}b", "\u{200B}", "\u{FEFF}x", "a\u{2028}b"])
    func namesThatDeceiveAreRefused(name: String) async throws {
        try await APIFixture.run { api in
            let answer = try await api.send(.post, "/v1/consumers", ["externalId": .string(name), "kind": "user"])
            #expect(answer.status == 422)
        }
    }

    @Test func anAnswerIsNotMuchLargerThanItsRequest() async throws {
        try await APIFixture.run { api in
            let members = (0..<5000).map { ("x\($0)", JSON.null) }
            let answer = try await api.send(.post, "/v1/consumers", .object(JSONObject(members)))
            #expect(answer.status == 422)
            #expect(answer.pointers.count == 100)
        }
    }
}
