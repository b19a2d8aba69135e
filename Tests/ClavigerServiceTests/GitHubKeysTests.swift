import ClavigerCore
import ClavigerTestSupport
import Crypto
import Foundation
import Logging
import Synchronization
import Testing

@testable import ClavigerService

/// Which signatures are GitHub's, and how often it is asked for its keys.
@Suite struct GitHubKeysTests {
    private final class List: GitHubKeySource {
        struct Unreachable: Error {}
        private let state = Mutex<(list: String?, fetches: Int)>((nil, 0))

        init(_ list: String?) { self.publish(list) }

        var fetches: Int { self.state.withLock { $0.fetches } }

        func publish(_ list: String?) { self.state.withLock { $0.list = list } }

        func publicKeys() async throws -> [UInt8] {
            let list = self.state.withLock { state in
                state.fetches += 1
                return state.list
            }
            guard let list else { throw Unreachable() }
            return Array(list.utf8)
        }
    }

    private static func list(_ keys: [(String, P256.Signing.PublicKey)]) -> String {
        let keys = keys.map { identifier, key in
            let pem = key.pemRepresentation.replacing("\n", with: "\\n")
            return #"{"key_identifier":"\#(identifier)","key":"\#(pem)","is_current":true}"#
        }
        return #"{"public_keys":[\#(keys.joined(separator: ","))]}"#
    }

    private func keys(_ list: List, _ time: ManualTime) -> GitHubKeys {
        GitHubKeys(source: list, time: time, logger: Logger(label: "test"))
    }

    private func signed(_ key: P256.Signing.PrivateKey, _ text: String = "hello") throws -> ([UInt8], [UInt8]) {
        let body = Array(text.utf8)
        return (body, Array(try key.signature(for: body).derRepresentation))
    }

    /// The request in GitHub's documentation of the programme, with the key that GitHub published for it; and the
    /// example of the documentation before, as PyPI's tests have it.
    @Test(arguments: [
        (
            "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
            "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==",
            #"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#
        ),
        (
            "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a",
            "MEQCIAfgjgz6Ou/3DXMYZBervz1TKCHFsvwMcbuJhNZse622AiAG86/cku2XdcmFWNHl2WSJi2fkE8t+auvB24eURaOd2A==",
            #"[{"type":"github_oauth_token","token":"cb4985f91f740272c0234202299f43808034d7f5","url":" https://github.com/"#
                + #"github/faketestrepo/blob/b0dd59c0b500650cacd4551ca5989a6194001b10/production.env"}]"#
        ),
    ])
    func publishedSignaturesAreGood(identifier: String, signature: String, body: String) async throws {
        let list = List(
            #"{"public_keys":[{"key_identifier":"90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a","#
                + #""key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq"#
                + #"\nkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==\n-----END PUBLIC KEY-----\n","#
                + #""is_current":false},"#
                + #"{"key_identifier":"bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c","#
                + #""key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd"#
                + #"\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n","#
                + #""is_current":true}]}"#
        )
        let keys = self.keys(list, ManualTime())
        let bytes = Array(try #require(Data(base64Encoded: signature)))
        #expect(try await keys.isSigned(Array(body.utf8), bytes, keyIdentifier: identifier))
        #expect(try await !keys.isSigned(Array((body + "\n").utf8), bytes, keyIdentifier: identifier))
    }

    @Test func anUnknownNameHasTheListFetchedOnceAMinute() async throws {
        let (first, second) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let list = List(Self.list([("first", first.publicKey)]))
        let time = ManualTime()
        let keys = self.keys(list, time)
        let (body, signature) = try self.signed(first)
        #expect(try await keys.isSigned(body, signature, keyIdentifier: "first"))
        for number in 0..<50 {
            #expect(try await !keys.isSigned(body, signature, keyIdentifier: "x\(number)"))
        }
        #expect(list.fetches == 1)
        time.advance(by: .seconds(60))
        for number in 0..<50 {
            #expect(try await !keys.isSigned(body, signature, keyIdentifier: "x\(number)"))
        }
        #expect(list.fetches == 2)
        // GitHub goes over to another key.
        list.publish(Self.list([("first", first.publicKey), ("second", second.publicKey)]))
        let (other, otherSignature) = try self.signed(second)
        #expect(try await !keys.isSigned(other, otherSignature, keyIdentifier: "second"))
        time.advance(by: .seconds(60))
        #expect(try await keys.isSigned(other, otherSignature, keyIdentifier: "second"))
        #expect(try await !keys.isSigned(other, otherSignature, keyIdentifier: "first"))
        #expect(list.fetches == 3)
    }

    @Test func aKeyThatIsWithdrawnIsForgottenWithinTheHour() async throws {
        let (first, second) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let list = List(Self.list([("first", first.publicKey)]))
        let time = ManualTime()
        let keys = self.keys(list, time)
        let (body, signature) = try self.signed(first)
        #expect(try await keys.isSigned(body, signature, keyIdentifier: "first"))
        list.publish(Self.list([("second", second.publicKey)]))
        time.advance(by: .seconds(3599))
        #expect(try await keys.isSigned(body, signature, keyIdentifier: "first"))
        time.advance(by: .seconds(1))
        #expect(try await !keys.isSigned(body, signature, keyIdentifier: "first"))
        #expect(list.fetches == 2)
    }

    @Test func whileTheListIsOutOfReachTheOldOneIsGoodForADay() async throws {
        let key = P256.Signing.PrivateKey()
        let list = List(Self.list([("first", key.publicKey)]))
        let time = ManualTime()
        let keys = self.keys(list, time)
        let (body, signature) = try self.signed(key)
        #expect(try await keys.isSigned(body, signature, keyIdentifier: "first"))
        list.publish(nil)
        time.advance(by: .seconds(24 * 3600 - 1))
        #expect(try await keys.isSigned(body, signature, keyIdentifier: "first"))
        time.advance(by: .seconds(1))
        let problem = await #expect(throws: Problem.self) {
            try await keys.isSigned(body, signature, keyIdentifier: "first")
        }
        #expect(problem?.kind == .unavailable)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"public_keys":{}}"#, #"{"public_keys":[]}"#,
        #"{"public_keys":[{"key_identifier":"a","key":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}]}"#,
    ])
    func aListWithoutAKeyIsNone(text: String) async throws {
        let keys = self.keys(List(text), ManualTime())
        let problem = await #expect(throws: Problem.self) { try await keys.isSigned([], [], keyIdentifier: "a") }
        #expect(problem?.kind == .unavailable)
        #expect(throws: (any Error).self) { try GitHubKeys.parse(Array(text.utf8)) }
    }

    @Test func whoComesMeanwhileWaitsForTheSameFetch() async throws {
        let key = P256.Signing.PrivateKey()
        let list = List(Self.list([("first", key.publicKey)]))
        let keys = self.keys(list, ManualTime())
        let (body, signature) = try self.signed(key)
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { try await keys.isSigned(body, signature, keyIdentifier: "first") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: true, count: 20))
        #expect(list.fetches == 1)
    }
}
