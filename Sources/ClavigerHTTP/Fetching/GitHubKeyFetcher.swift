import AsyncHTTPClient
import ClavigerCore
public import ClavigerService
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Fetches the list of GitHub's public keys, and asks only for what has changed since.
///
/// A redirect is not followed, and an answer that is large or slow is none.
public final class GitHubKeyFetcher: GitHubKeySource {
    /// Where GitHub publishes its keys.
    public static let standardURL = "https://api.github.com/meta/public_keys/secret_scanning"
    private static let largestAnswer = 64 * 1024

    /// Why the list was not fetched.
    enum Failure: Error, Equatable {
        case status(Int)
        case tooLarge
    }

    /// A list, and what GitHub calls this version of it.
    private struct Known {
        let tag: String
        let list: [UInt8]
    }

    private let url: String
    private let timeout: Duration
    /// Nothing is called while it is held.
    private let known = Mutex<Known?>(nil)

    /// Makes a fetcher that has fetched nothing yet.
    public init(url: String, timeout: Duration = .seconds(10)) {
        self.url = url
        self.timeout = timeout
    }

    /// Whether keys may be fetched from there: what comes in clear text from another machine proves nothing.
    public static func accepts(_ url: String) -> Bool {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let parts = URLComponents(string: url),
            let scheme = parts.scheme?.lowercased(), let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.password == nil, parts.fragment == nil
        else { return false }
        return scheme == "https" || scheme == "http" && ["127.0.0.1", "localhost", "[::1]", "::1"].contains(host)
    }

    /// The list as it is now.
    public func publicKeys() async throws -> [UInt8] {
        // A client for each fetch: there is one an hour, and no connection to keep until the next.
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let list = try await self.fetch(http)
            try? await http.shutdown()
            return list
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    private func fetch(_ http: HTTPClient) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: self.url)
        request.headers.add(name: "Accept", value: "application/json")
        // GitHub refuses requests without one.
        request.headers.add(name: "User-Agent", value: "claviger")
        let known = self.known.withLock { $0 }
        if let known { request.headers.add(name: "If-None-Match", value: known.tag) }
        let response = try await http.execute(request, timeout: .milliseconds(self.timeout.wholeMilliseconds))
        if response.status == .notModified, let known { return known.list }
        guard response.status == .ok else { throw Failure.status(Int(response.status.code)) }
        let list: [UInt8]
        do {
            list = Array(try await response.body.collect(upTo: Self.largestAnswer).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Failure.tooLarge
        }
        let tag = response.headers.first(name: "ETag")
        self.known.withLock { $0 = tag.map { Known(tag: $0, list: list) } }
        return list
    }
}
