import ClavigerHTTP
import HTTPTypes
import Testing

@testable import ClavigerClient
@testable import ClavigerCore
@testable import ClavigerGateway
@testable import ClavigerMiddleware

/// The middleware and the gateways say the same.
@Suite struct RefusalTests {
    @Test(arguments: VerificationCode.allCases)
    func everyCodeIsAnsweredAsTheGatewaysDoIt(code: VerificationCode) throws {
        var verdict = Verdict(code)
        if code == .insufficientScope { verdict.missingScopes = [try Scope(parsing: "invoices.write")] }
        let problem = Problem.refusal(verdict)
        let verification = try #require(
            Verification([
                "valid": .bool(code == .valid), "code": .string(code.rawValue), "missingScopes": ["invoices.write"],
            ])
        )
        let refusal = Refusal(verification)
        #expect(refusal.status == ProblemResponse.status(of: problem.kind))
        #expect(
            refusal.body(requestID: "req_1").serialized() == ProblemResponse.body(of: problem, requestID: "req_1")
        )
    }

    @Test func aMissingKeyIsAnsweredAsTheGatewaysDoIt() {
        #expect(
            Refusal.keyMissing.body(requestID: "req_1").serialized()
                == ProblemResponse.body(of: .keyMissing, requestID: "req_1")
        )
    }

    @Test func aCodeOfTheFutureIsABadKey() throws {
        let verification = try #require(Verification(["valid": false, "code": "on_holiday"]))
        #expect(Refusal(verification) == .keyRefused)
    }

    @Test func aScopeThatIsNoneStaysOutOfTheHeaders() throws {
        let json: JSON = ["valid": false, "code": "insufficient_scope", "missingScopes": ["a\"\r\nX: y"]]
        let verification = try #require(Verification(json))
        #expect(Refusal(verification).challenge == nil)
    }

    @Test func scopesAreReadAtTheEdge() throws {
        for text in ["", "a AND", "a,b"] { #expect((try? ClavigerScopes(parsing: text)) == nil) }
        let scopes = try ClavigerScopes(parsing: "a AND (b OR c)")
        #expect(scopes.text == "a AND (b OR c)")
    }
}
