import ClavigerClient
import ClavigerLog
import ClavigerTestSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import ClavigerWitness

@Suite struct WitnessClientTests {
    /// Asks a server that answers everything so.
    private func answer(
        _ status: HTTPResponse.Status,
        _ body: String,
        type: String = "text/plain; charset=utf-8",
        headers: HTTPFields = [:],
        to request: AddCheckpointRequest,
        key: VerifierKey
    ) async throws -> WitnessAnswer {
        var fields = headers
        fields[.contentType] = type
        let responder = CallbackResponder<BasicRequestContext> { [fields] request, _ in
            guard request.uri.path == "/prefix/add-checkpoint", request.method == .post else {
                return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
            }
            _ = try await request.body.collect(upTo: 1 << 20)
            return Response(
                status: status,
                headers: fields,
                body: ResponseBody(byteBuffer: ByteBuffer(string: body))
            )
        }
        return try await Application(responder: responder).test(.live) { test in
            let url = try ServerURL(parsing: "http://127.0.0.1:\(try #require(test.port))/prefix")
            let client = try WitnessClient(url: url, key: key)
            let answer = try await client.add(request)
            await client.shutDown()
            return answer
        }
    }

    @Test func onlyGoodCosignaturesCount() async throws {
        let log = try TestLog(9)
        let request = try log.request(from: 0, to: 7)
        let time = try #require(CosignatureTime(seconds: 1_795_243_200))
        let cosigner = try TestWitness.cosigner()
        let key = cosigner.verifierKey
        let good = cosigner.cosign(try log.checkpoint(7), at: time)
        let ofOther = cosigner.cosign(try log.checkpoint(6), at: time)
        let byOther = try TestWitness.cosigner(10).cosign(try log.checkpoint(7), at: time)
        let byOtherName = try TestWitness.cosigner(9, name: "other.example").cosign(try log.checkpoint(7), at: time)
        let ofLog = log.signer.sign(try log.checkpoint(7).text)
        #expect(try await self.answer(.ok, good.line, to: request, key: key) == .cosigned(good))
        #expect(
            try await self.answer(.ok, byOther.line + good.line + ofLog.line, to: request, key: key)
                == .cosigned(good)
        )
        #expect(
            try await self.answer(.ok, ofOther.line + good.line + good.line, to: request, key: key)
                == .cosigned(good)
        )
        // The first of many: another moment makes another signature, and there is room for few below a checkpoint.
        let later = cosigner.cosign(try log.checkpoint(7), at: try #require(CosignatureTime(seconds: 1_795_243_201)))
        #expect(try await self.answer(.ok, good.line + later.line, to: request, key: key) == .cosigned(good))
        let bad = [
            "", "ok\n", ofOther.line, byOther.line, byOtherName.line, ofLog.line, String(good.line.dropLast()),
            good.line + "\n", good.line + "x\n",
        ]
        for body in bad {
            #expect(try await self.answer(.ok, body, to: request, key: key) == .unverified, "\(body)")
        }
        #expect(try await self.answer(.created, good.line, to: request, key: key) == .refused(status: 201))
    }

    @Test func conflicts() async throws {
        let request = try TestLog(9).request(from: 3, to: 7)
        let key = try TestWitness.cosigner().verifierKey
        let type = "text/x.tlog.size"
        #expect(
            try await self.answer(.conflict, "5\n", type: type, to: request, key: key) == .conflict(lastSize: 5)
        )
        #expect(
            try await self.answer(.conflict, "0\n", type: type, to: request, key: key) == .conflict(lastSize: 0)
        )
        #expect(
            try await self.answer(.conflict, "18446744073709551615\n", type: type, to: request, key: key)
                == .conflict(lastSize: .max)
        )
        for body in ["", "5", "05\n", "+5\n", "-1\n", "5\n\n", "x\n", "18446744073709551616\n"] {
            #expect(
                try await self.answer(.conflict, body, type: type, to: request, key: key) == .refused(status: 409),
                "\(body)"
            )
        }
        #expect(
            try await self.answer(.conflict, "5\n", type: "text/html", to: request, key: key) == .refused(status: 409)
        )
    }

    @Test(arguments: [400, 403, 404, 422, 500, 503])
    func refusals(_ status: Int) async throws {
        let request = try TestLog(9).request(from: 3, to: 7)
        let key = try TestWitness.cosigner().verifierKey
        let answer = try await self.answer(.init(code: status), "no", to: request, key: key)
        #expect(answer == .refused(status: status))
    }

    @Test func redirectsAreNotFollowed() async throws {
        let log = try TestLog(9)
        let cosigner = try TestWitness.cosigner()
        let time = try #require(CosignatureTime(seconds: 1))
        // The server answers a good cosignature at every other path.
        let good = cosigner.cosign(try log.checkpoint(7), at: time).line
        for status in [301, 302, 303, 307, 308] {
            let answer = try await self.answer(
                .init(code: status),
                good,
                headers: [.location: "/elsewhere"],
                to: log.request(from: 3, to: 7),
                key: cosigner.verifierKey
            )
            #expect(answer == .refused(status: status))
        }
    }

    @Test func longAnswers() async throws {
        let log = try TestLog(9)
        let cosigner = try TestWitness.cosigner()
        let time = try #require(CosignatureTime(seconds: 1))
        let good = cosigner.cosign(try log.checkpoint(7), at: time).line
        let body = String(repeating: good, count: 64 * 1024 / good.utf8.count + 1)
        let answer = try await self.answer(
            .ok,
            body,
            to: log.request(from: 0, to: 7),
            key: cosigner.verifierKey
        )
        #expect(answer == .unreachable)
    }

    @Test(.timeLimit(.minutes(1))) func silenceAndNobody() async throws {
        let log = try TestLog(9)
        let request = try log.request(from: 0, to: 7)
        let cosigner = try TestWitness.cosigner()
        let key = cosigner.verifierKey
        let time = try #require(CosignatureTime(seconds: 1))
        let good = cosigner.cosign(try log.checkpoint(7), at: time).line
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            _ = try await request.body.collect(upTo: 1 << 20)
            // A head, and a body that comes too late.
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await Task.sleep(for: .seconds(3))
                    try await writer.write(ByteBuffer(string: good))
                    try await writer.finish(nil)
                }
            )
        }
        let port = try await Application(responder: responder).test(.live) { test in
            let port = try #require(test.port)
            let url = try ServerURL(parsing: "http://127.0.0.1:\(port)")
            let client = try WitnessClient(url: url, key: key, timeout: .milliseconds(200))
            #expect(try await client.add(request) == .unreachable)
            let task = Task { try await client.add(request) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await client.shutDown()
            #expect(try await client.add(request) == .unreachable)
            return port
        }
        let client = try WitnessClient(url: try ServerURL(parsing: "http://127.0.0.1:\(port)"), key: key)
        #expect(try await client.add(request) == .unreachable)
        await client.shutDown()
    }

    @Test func whatCannotBeAWitness() throws {
        let url = try ServerURL(parsing: "http://127.0.0.1:1")
        #expect(throws: WitnessClientError.notACosigner) { try WitnessClient(url: url, key: try TestLog(1).key) }
        let key = try TestWitness.cosigner().verifierKey
        #expect(throws: WitnessClientError.noAuthorities(path: "/none")) {
            try WitnessClient(url: url, key: key, authorityFile: "/none")
        }
    }
}
