import ClavigerClient
import ClavigerCore
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

/// Answers that come in pieces.
@Suite struct StreamTests {
    private func collect(_ response: @escaping @Sendable () -> Response) async throws -> Collected {
        let collected = Collected()
        let responder = CallbackResponder<BasicRequestContext> { _, _ in response() }
        try await Application(responder: responder).test(.live) { server in
            let url = try ServerURL(parsing: "http://127.0.0.1:\(try #require(server.port))")
            try await ClavigerClient.with(ClavigerClient.Settings(url: url, timeout: .seconds(10))) { client in
                do {
                    try await client.stream(["v1", "access-log", "export"]) { await collected.add($0) }
                } catch let error as ClientError {
                    await collected.fail(error)
                }
            }
        }
        return collected
    }

    @Test func allPiecesComeInOrder() async throws {
        let collected = try await self.collect {
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for number in 0..<1000 { try await writer.write(ByteBuffer(string: "\(number)\n")) }
                    try await writer.finish(nil)
                }
            )
        }
        #expect(await collected.text == (0..<1000).map { "\($0)\n" }.joined())
        #expect(await collected.error == nil)
    }

    @Test func anAnswerThatIsCutOffIsAnError() async throws {
        struct Broken: Error {}
        let collected = try await self.collect {
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "begun"))
                    throw Broken()
                }
            )
        }
        switch await collected.error {
        case .interrupted?, .unreachable?: break
        case let other: Issue.record("no error, or another: \(String(describing: other))")
        }
    }

    @Test func aRefusalIsAProblemAndNotABody() async throws {
        let problem = #"{"type":"urn:claviger:problem:forbidden","title":"Forbidden","status":403,"detail":"No."}"#
        let collected = try await self.collect {
            Response(status: .forbidden, body: ResponseBody(byteBuffer: ByteBuffer(string: problem)))
        }
        #expect(await collected.text.isEmpty)
        guard case .refused(let refusal)? = await collected.error else {
            Issue.record("it was not refused")
            return
        }
        #expect(refusal.slug == "forbidden")
    }
}

/// What a stream has given.
private actor Collected {
    private(set) var text = ""
    private(set) var error: ClientError?

    func add(_ bytes: [UInt8]) { self.text += String(decoding: bytes, as: UTF8.self) }
    func fail(_ error: ClientError) { self.error = error }
}
