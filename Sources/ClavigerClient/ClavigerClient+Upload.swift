import AsyncHTTPClient
import ClavigerCore
import NIOCore
import NIOHTTP1

extension ClavigerClient {
    /// Sends bytes that are not JSON.
    ///
    /// - Parameters:
    ///   - path: The segments of the path, not yet encoded.
    ///   - query: Names and values, not yet encoded.
    ///   - bytes: The body.
    ///   - mediaType: What it is.
    ///   - headers: More headers; values are never shown.
    /// - Throws: ``ClientError``.
    public func upload(
        _ path: [String],
        query: [(String, String)] = [],
        _ bytes: [UInt8],
        as mediaType: String,
        headers: [(String, SecretText)] = []
    ) async throws -> Answer {
        var request = try self.request(.post, path, query, accept: "application/json, application/problem+json")
        request.headers.add(name: "Content-Type", value: mediaType)
        for (name, value) in headers { request.headers.add(name: name, value: value.plaintext) }
        request.body = .bytes(ByteBuffer(bytes: bytes))
        let response = try await self.begin(request)
        return try self.answer(response, try await self.collect(response), accepting: [])
    }
}
