import ClavigerLog
import ClavigerTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import ClavigerWitness

@Suite struct WitnessResponderTests {
    private func test(
        _ witness: TestWitness,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await Application(responder: witness.responder).test(.live) { try await body($0) }
    }

    private static func add(_ client: any TestClientProtocol, _ bytes: [UInt8]) async throws -> TestResponse {
        try await client.executeRequest(
            uri: "/add-checkpoint",
            method: .post,
            headers: [:],
            body: ByteBuffer(bytes: bytes)
        )
    }

    private static func text(_ response: TestResponse) -> String { String(buffer: response.body) }

    @Test func everyStatus() async throws {
        let log = try TestLog(9)
        let fork = log.forked(after: 3)
        let witness = try TestWitness([log])
        let stranger = try TestLog(9, seed: 2)
        let unknown = try TestLog(9, name: "other.example")
        try await self.test(witness) { client in
            let first = try await Self.add(client, log.request(from: 0, to: 5).bytes)
            #expect(first.status == .ok)
            #expect(first.headers[.contentType] == "text/plain; charset=utf-8")
            let signatures = try #require(NoteSignature.parse(lines: Array(first.body.readableBytesView)))
            let note = try SignedNote(log.checkpoint(5).text, signatures: signatures)
            let verified = try note.verified(by: [witness.witness.key])
            #expect(verified.signatures.map(\.time?.seconds) == [TestWitness.seconds])

            let refused: [(AddCheckpointRequest, HTTPResponse.Status, String?)] = [
                (try log.request(from: 4, to: 6), .conflict, "5\n"),
                (try log.request(from: 0, to: 9), .conflict, "5\n"),
                (try fork.request(from: 5, to: 5), .conflict, "5\n"),
                (try fork.request(from: 5, to: 9), .unprocessableContent, nil),
                (try log.request(from: 5, to: 9, hashes: []), .unprocessableContent, nil),
                (try log.request(from: 5, to: 4), .badRequest, nil),
                (try stranger.request(from: 5, to: 6), .forbidden, nil),
                (try unknown.request(from: 0, to: 6), .notFound, nil),
            ]
            for (request, status, body) in refused {
                let response = try await Self.add(client, request.bytes)
                #expect(response.status == status)
                #expect(!Self.text(response).contains("\u{2014}"))
                #expect(response.headers[.wwwAuthenticate] == nil)
                if let body {
                    #expect(Self.text(response) == body)
                    #expect(response.headers[.contentType] == "text/x.tlog.size")
                } else {
                    #expect(response.headers[.contentType] == "application/problem+json")
                }
            }
            let malformed = try await Self.add(client, Array("old 1\n\nx\n".utf8))
            #expect(malformed.status == .badRequest)
            let second = try await Self.add(client, log.request(from: 5, to: 9).bytes)
            #expect(second.status == .ok)
        }
        let lines = witness.log.lines
        #expect(lines.contains { $0.hasPrefix("critical the log signed two trees of one size") })
        #expect(lines.contains { $0.hasPrefix("error checkpoint without a proof") })
        #expect(!lines.contains { $0.contains("other.example") }, "nothing from strangers")
    }

    @Test func nothingElseIsServed() async throws {
        let witness = try TestWitness([try TestLog(1)])
        try await self.test(witness) { client in
            let key = try await client.executeRequest(uri: "/vkey", method: .get, headers: [:], body: nil)
            #expect(key.status == .ok)
            #expect(Self.text(key) == "\(witness.witness.key)\n")
            let health = try await client.executeRequest(uri: "/healthz", method: .get, headers: [:], body: nil)
            #expect(health.status == .ok)
            let others: [(String, HTTPRequest.Method)] = [
                ("/", .get), ("/add-checkpoint", .get), ("/add-checkpoint/", .post), ("//add-checkpoint", .post),
                ("/vkey", .post), ("/healthz", .delete), ("/metrics", .get), ("/v1/keys", .get), ("/witness-key", .get),
            ]
            for (path, method) in others {
                let response = try await client.executeRequest(uri: path, method: method, headers: [:], body: nil)
                #expect(response.status == .notFound, "\(method) \(path)")
                #expect(response.headers[.contentType] == "application/problem+json")
            }
        }
    }

    @Test func aBodyThatIsTooLarge() async throws {
        let log = try TestLog(9)
        let witness = try TestWitness([log])
        try await self.test(witness) { client in
            let large = [UInt8](repeating: UInt8(ascii: "A"), count: WitnessResponder.longestBody)
            let least = try await Self.add(client, large)
            #expect(least.status == .badRequest)
            let more = try await Self.add(client, large + [0])
            #expect(more.status == .contentTooLarge)
        }
    }

    @Test func aDamagedFile() async throws {
        let log = try TestLog(9)
        let other = try TestLog(9, name: "other.example")
        let witness = try TestWitness([log, other])
        try Data().write(to: witness.file(of: log))
        try await self.test(witness) { client in
            let response = try await Self.add(client, log.request(from: 0, to: 5).bytes)
            #expect(response.status == .serviceUnavailable)
            #expect(response.headers[.retryAfter] != nil)
            #expect(!Self.text(response).contains(witness.folder.path))
            let good = try await Self.add(client, other.request(from: 0, to: 5).bytes)
            #expect(good.status == .ok, "the others go on")
        }
        #expect(witness.log.lines.contains { $0.hasPrefix("error nothing is cosigned of this log") })
    }
}
