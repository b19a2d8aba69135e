import ClavigerClient
import ClavigerCore
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

/// The client against a server that says what each test wants.
@Suite struct ClavigerClientTests {
    private static let token = "claviger_live_topsecretplaintext"

    private func withServer(
        status: HTTPResponse.Status = .ok,
        body: String = "{}",
        headers: HTTPFields = [:],
        _ test: @escaping @Sendable (ClavigerClient, SeenRequests) async throws -> Void
    ) async throws {
        let seen = SeenRequests()
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            var request = request
            let bytes = try await request.collectBody(upTo: 1 << 20)
            await seen.add(request.head, String(buffer: bytes))
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
        }
        try await Application(responder: responder).test(.live) { server in
            let port = try #require(server.port)
            let url = try ServerURL(parsing: "http://127.0.0.1:\(port)/")
            let settings = ClavigerClient.Settings(url: url, token: SecretText(Self.token), timeout: .seconds(10))
            try await ClavigerClient.with(settings) { try await test($0, seen) }
        }
    }

    @Test func sendsTheTokenTheBodyAndAnEncodedTarget() async throws {
        try await self.withServer(body: #"{"a":[1]}"#, headers: [.eTag: "\"3\""]) { client, seen in
            let answer = try await client.send(
                .patch,
                ["v1", "apis", "a/../b c", ".."],
                query: [("name", "x&y=ü")],
                body: ["description": .null],
                headers: [("If-Match", "\"2\"")]
            )
            #expect(answer.body == ["a": [1]])
            #expect(answer.entityTag == "\"3\"")
            let (head, body) = try #require(await seen.all.first)
            #expect(head.method == .patch)
            #expect(head.path == "/v1/apis/a%2F..%2Fb%20c/%2E%2E?name=x%26y%3D%C3%BC")
            #expect(head.headerFields[.authorization] == "Bearer \(Self.token)")
            #expect(head.headerFields[.contentType] == "application/merge-patch+json")
            #expect(head.headerFields[.ifMatch] == "\"2\"")
            #expect(body == #"{"description":null}"#)
        }
    }

    @Test func aProblemBecomesAValueWithAllViolations() async throws {
        let body = """
            {"type":"urn:claviger:problem:validation-failed","title":"Validation failed","status":422,
             "detail":"2 values are not acceptable; see errors.","instance":"req_1",
             "errors":[{"pointer":"/name","message":"is required"},{"pointer":"/x","message":"is not a known field"}]}
            """
        try await self.withServer(status: .unprocessableContent, body: body) { client, _ in
            let error = await #expect(throws: ClientError.self) { try await client.send(.post, ["v1", "apis"]) }
            guard case .refused(let problem)? = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect(problem.slug == "validation-failed")
            #expect(problem.status == 422)
            #expect(problem.requestID == "req_1")
            #expect(problem.errors.map(\.pointer) == ["/name", "/x"])
        }
    }

    @Test(arguments: [
        (HTTPResponse.Status.ok, "<html>"), (.badGateway, "<html>"), (.found, ""), (.internalServerError, "{}"),
    ])
    func anAnswerOfSomethingElseIsUnexpected(status: HTTPResponse.Status, body: String) async throws {
        try await self.withServer(status: status, body: body, headers: [.location: "http://127.0.0.1:1/"]) {
            client,
            _ in
            let error = await #expect(throws: ClientError.self) { try await client.send(.get, ["v1", "self"]) }
            guard case .unexpected? = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
        }
    }

    @Test func verifyReadsTheVerdict() async throws {
        let body = """
            {"valid":false,"code":"insufficient_scope","key":{"id":"key_1","name":"n","environment":"production",
             "scopes":["a.b"],"expiresAt":"2027-01-01T00:00:00.000Z"},"consumer":{"id":"con_1","externalId":"acme"},
             "missingScopes":["c.d"],"requestId":"req_2"}
            """
        try await self.withServer(body: body) { client, seen in
            let verdict = try await client.verify(SecretText("pay_live_x"), api: "payments", scopes: "c.d")
            #expect(!verdict.isValid)
            #expect(verdict.code == "insufficient_scope")
            #expect(verdict.missingScopes == ["c.d"])
            #expect(verdict.externalID == "acme")
            #expect(verdict.expiresAt == (try Timestamp(parsing: "2027-01-01T00:00:00Z")))
            #expect(await seen.all.first?.1 == #"{"token":"pay_live_x","apiId":"payments","scopes":"c.d"}"#)
        }
    }

    @Test(arguments: [#"{"valid":true,"code":"revoked"}"#, #"{"valid":"true","code":"valid"}"#, "{}", "[]"])
    func aVerdictThatContradictsItselfIsNone(body: String) async throws {
        try await self.withServer(body: body) { client, _ in
            await #expect(throws: ClientError.self) { try await client.verify(SecretText("pay_live_x")) }
        }
    }

    @Test func nothingListening() async throws {
        let url = try ServerURL(parsing: "http://127.0.0.1:1")
        let error = await #expect(throws: ClientError.self) {
            try await ClavigerClient.with(ClavigerClient.Settings(url: url)) { _ = try await $0.send(.get, ["readyz"]) }
        }
        #expect(error == .unreachable(url, reason: "nothing listens there (connection refused)"))
    }

    @Test func aTokenDoesNotTravelInClearText() async throws {
        let url = try ServerURL(parsing: "http://keys.example.com")
        let error = await #expect(throws: ClientError.self) {
            let settings = ClavigerClient.Settings(url: url, token: SecretText(Self.token))
            try await ClavigerClient.with(settings) { _ = try await $0.send(.get, ["v1", "self"]) }
        }
        #expect(error == .insecure(url))
    }

    @Test(arguments: ["a\nb", "a b", "", "ä"])
    func aTokenCannotMakeAnotherHeader(token: String) async throws {
        let url = try ServerURL(parsing: "http://127.0.0.1:1")
        let error = await #expect(throws: ClientError.self) {
            let settings = ClavigerClient.Settings(url: url, token: SecretText(token))
            try await ClavigerClient.with(settings) { _ = try await $0.send(.get, ["v1", "self"]) }
        }
        guard case .invalidSettings? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
    }

    @Test func aSecretRedactsItself() {
        let settings = ClavigerClient.Settings(url: .standard, token: SecretText(Self.token))
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains("topsecret"))
        }
    }
}

/// What the server got.
actor SeenRequests {
    private(set) var all: [(HTTPRequest, String)] = []

    func add(_ head: HTTPRequest, _ body: String) {
        self.all.append((head, body))
    }
}
