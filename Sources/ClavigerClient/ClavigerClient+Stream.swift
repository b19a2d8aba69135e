import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension ClavigerClient {
    /// Asks for something that may be larger than memory, and hands on each piece as it comes.
    ///
    /// The next piece is read when `piece` has returned. The settings' timeout is for the beginning of the answer.
    ///
    /// - Parameters:
    ///   - path: The segments of the path, not yet encoded.
    ///   - query: Names and values, not yet encoded.
    ///   - piece: Gets the bytes of the body in their order.
    /// - Throws: ``ClientError``, with ``ClientError/interrupted(_:reason:)`` once a piece has been handed on, and what
    ///   `piece` throws.
    public func stream(
        _ path: [String],
        query: [(String, String)] = [],
        _ piece: ([UInt8]) async throws -> Void
    ) async throws {
        let request = try self.request(.get, path, query, accept: "*/*")
        let response = try await self.begin(request)
        guard response.status.code == 200 else {
            _ = try self.answer(response, try await self.collect(response), accepting: [])
            throw ClientError.unexpected(self.settings.url, reason: "it answered with status \(response.status.code)")
        }
        var pieces = response.body.makeAsyncIterator()
        while let bytes = try await self.next(&pieces) { try await piece(bytes) }
    }

    private func next(_ pieces: inout HTTPClientResponse.Body.AsyncIterator) async throws -> [UInt8]? {
        do {
            return try await pieces.next().map { Array($0.readableBytesView) }
        } catch let error as CancellationError {
            throw error
        } catch {
            let reason = ConnectionFailure.reason(for: error, timeout: self.settings.timeout)
            throw ClientError.interrupted(self.settings.url, reason: reason)
        }
    }
}
