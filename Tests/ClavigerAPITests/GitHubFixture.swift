import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Crypto
import Foundation
import HTTPTypes
import Logging
import Synchronization

/// What GitHub publishes its keys with, under a test's control.
final class GitHubKeyList: GitHubKeySource {
    struct Unreachable: Error {}

    private struct State {
        var list: [UInt8]?
        var fetches = 0
    }

    private let state: Mutex<State>

    init(_ keys: [(String, P256.Signing.PublicKey)]) {
        self.state = Mutex(State(list: Self.list(keys)))
    }

    var fetches: Int { self.state.withLock { $0.fetches } }

    /// Publishes other keys; nil makes the list unreachable.
    func publish(_ keys: [(String, P256.Signing.PublicKey)]?) {
        self.state.withLock { $0.list = keys.map(Self.list) }
    }

    func publish(raw list: String) {
        self.state.withLock { $0.list = Array(list.utf8) }
    }

    func publicKeys() async throws -> [UInt8] {
        let list = self.state.withLock { state in
            state.fetches += 1
            return state.list
        }
        guard let list else { throw Unreachable() }
        return list
    }

    private static func list(_ keys: [(String, P256.Signing.PublicKey)]) -> [UInt8] {
        let keys = keys.map { identifier, key -> JSON in
            [
                "key_identifier": .string(identifier), "key": .string(key.pemRepresentation), "is_current": true,
                "added_later": 1,
            ]
        }
        return JSON.object(JSONObject([("public_keys", .array(keys))])).serialized()
    }
}

/// GitHub, as far as a receiver of its reports sees it.
struct GitHubFixture {
    let key = P256.Signing.PrivateKey()
    let list: GitHubKeyList
    let keys: GitHubKeys

    init(time: ManualTime) {
        self.list = GitHubKeyList([("first", self.key.publicKey)])
        self.keys = GitHubKeys(source: self.list, time: time, logger: Logger(label: "test"))
    }

    func report(_ matches: JSON, to api: APIFixture, identifier: String = "first") async throws -> APIFixture.Answer {
        let body = matches.serialized()
        return try await self.send(body, to: api, identifier, try self.key.signature(for: body).derRepresentation)
    }

    func send(
        _ body: [UInt8],
        to api: APIFixture,
        _ identifier: String?,
        _ signature: Data?
    ) async throws -> APIFixture.Answer {
        var headers: HTTPFields = [:]
        if let identifier { headers[HTTPField.Name("Github-Public-Key-Identifier")!] = identifier }
        if let signature {
            headers[HTTPField.Name("Github-Public-Key-Signature")!] = signature.base64EncodedString()
        }
        return try await api.sendRaw(.post, "/v1/leaks/github", body, headers: headers)
    }
}
