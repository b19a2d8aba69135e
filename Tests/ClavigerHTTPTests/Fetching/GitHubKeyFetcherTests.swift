import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import ClavigerHTTP

/// Fetching the list of GitHub's keys from a server that behaves well and badly.
@Suite struct GitHubKeyFetcherTests {
    private final class Asked: Sendable {
        private let state = Mutex<[String?]>([])
        var tags: [String?] { self.state.withLock { $0 } }
        func add(_ tag: String?) { self.state.withLock { $0.append(tag) } }
    }

    private func withServer(_ body: (String, Asked) async throws -> Void) async throws {
        let asked = Asked()
        let router = Router()
        router.get("keys") { request, _ -> Response in
            asked.add(request.headers[.ifNoneMatch])
            guard request.headers[.userAgent] == "claviger" else { return Response(status: .forbidden) }
            guard request.headers[.ifNoneMatch] != "\"1\"" else { return Response(status: .notModified) }
            return Response(
                status: .ok,
                headers: [.eTag: "\"1\"", .contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "{}"))
            )
        }
        router.get("elsewhere") { _, _ in Response(status: .found, headers: [.location: "/keys"]) }
        router.get("large") { _, _ in ByteBuffer(repeating: 0x20, count: 70_000) }
        router.get("slow") { _, _ in
            try await Task.sleep(for: .seconds(5))
            return "{}"
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let app = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        let group = ServiceGroup(configuration: .init(services: [app], logger: logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw ChannelError.ioOnClosedChannel }
            let result: Result<Void, any Error>
            do { result = .success(try await body("http://127.0.0.1:\(port)", asked)) } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    @Test func theListIsFetchedAndThenOnlyWhenItHasChanged() async throws {
        try await self.withServer { url, asked in
            let fetcher = GitHubKeyFetcher(url: url + "/keys")
            let lists = [try await fetcher.publicKeys(), try await fetcher.publicKeys()]
            #expect(lists == [Array("{}".utf8), Array("{}".utf8)])
            #expect(asked.tags == [nil, "\"1\""])
        }
    }

    @Test func redirectsLargeAndSlowAnswersAreNone() async throws {
        try await self.withServer { url, asked in
            await #expect(throws: GitHubKeyFetcher.Failure.status(302)) {
                try await GitHubKeyFetcher(url: url + "/elsewhere").publicKeys()
            }
            await #expect(throws: GitHubKeyFetcher.Failure.tooLarge) {
                try await GitHubKeyFetcher(url: url + "/large").publicKeys()
            }
            await #expect(throws: (any Error).self) {
                try await GitHubKeyFetcher(url: url + "/slow", timeout: .milliseconds(100)).publicKeys()
            }
            #expect(asked.tags.isEmpty)
        }
    }

    @Test(arguments: [
        ("https://api.github.com/meta/public_keys/secret_scanning", true), ("http://127.0.0.1:8080/k", true),
        ("http://[::1]/k", true), ("http://localhost/k", true), ("http://example.com/k", false),
        ("http://127.0.0.1.example.com/k", false), ("https://user:p@example.com/k", false), ("file:///k", false),
        ("https:///k", false), ("https://example.com/ k", false), ("", false), ("https://example.com/#f", false),
    ])
    func keysComeOnlyFromWhereTheyCannotBeReplaced(url: String, isAccepted: Bool) {
        #expect(GitHubKeyFetcher.accepts(url) == isAccepted)
    }
}
