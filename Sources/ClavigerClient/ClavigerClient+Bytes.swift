import AsyncHTTPClient
import NIOHTTP1

extension ClavigerClient {
    /// Gets something that is not JSON, whole; nil where the server has no such thing.
    ///
    /// - Throws: ``ClientError``.
    public func bytes(_ path: [String]) async throws -> [UInt8]? {
        let request = try self.request(.get, path, [], accept: "*/*")
        let response = try await self.begin(request)
        let bytes = try await self.collect(response)
        switch response.status.code {
        case 200: return bytes
        case 404: return nil
        default:
            _ = try self.answer(response, bytes, accepting: [])
            throw ClientError.unexpected(self.settings.url, reason: "it answered with status \(response.status.code)")
        }
    }
}
