import AsyncHTTPClient
import ClavigerCore
import NIOCore
import NIOHTTP1

/// A small client that knows nothing of the project's own.
struct Caller: Sendable {
    let url: String
    let token: String
    var client = HTTPClient.shared

    /// The status and the body, or nil when no whole answer came.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSON? = nil,
        headers: [(String, String)] = []
    ) async -> (status: UInt, body: JSON)? {
        var request = HTTPClientRequest(url: self.url + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(self.token)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.serialized()))
        }
        guard let response = try? await self.client.execute(request, timeout: .seconds(30)),
            let bytes = try? await response.body.collect(upTo: 16 << 20)
        else { return nil }
        return (response.status.code, (try? JSON.parse(Array(buffer: bytes))) ?? .null)
    }

    /// Every element of a list, over all its pages.
    func all(_ path: String) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let page = await self.send(.GET, "\(path)\(separator)limit=200" + (cursor.map { "&cursor=\($0)" } ?? ""))
            guard let page, page.status == 200 else { throw NoAnswer() }
            items += page.body["items"]?.array ?? []
            cursor = page.body["nextCursor"]?.string
        } while cursor != nil
        return items
    }

    struct NoAnswer: Error {}
}
