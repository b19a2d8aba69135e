import ClavigerCore
import ClavigerTestSupport
import Foundation
import NIOHTTP1
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The end of a server that is asked to stop.
@Suite struct FarewellTests {
    /// A client that asks for much and reads nothing.
    private static func connect(_ port: UInt16, _ request: String) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var size: Int32 = 4096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let bytes = Array(request.utf8)
        #expect(send(descriptor, bytes, bytes.count, 0) == bytes.count)
        return descriptor
    }

    @Test(.timeLimit(.minutes(2))) func aClientThatDoesNotReadKeepsNobodyWaiting() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let port = try #require(server.url.split(separator: ":").last.flatMap { UInt16($0) })
        let token = try folder.firstKey()
        let caller = Caller(url: server.url, token: token)
        // Enough entries that their export fits into no buffer on the way.
        for _ in 0..<200 {
            _ = await caller.send(
                .POST,
                "/v1/keys/verify",
                [
                    "token": "x", "context": ["userAgent": .string(String(repeating: "a", count: 250)), "path": "/x"],
                ]
            )
        }
        let head = "Host: x\r\nAuthorization: Bearer \(token)\r\n\r\n"
        let request = "GET /v1/access-log/export?format=jsonl HTTP/1.1\r\n" + head
        // One connection asks again and again.
        let client = try Self.connect(port, String(repeating: request, count: 100))
        defer { close(client) }
        try await Task.sleep(for: .seconds(1))
        let begin = ContinuousClock.now
        let status = await server.stop()
        #expect(status == 0)
        #expect(ContinuousClock.now - begin < .seconds(40))
    }
}
