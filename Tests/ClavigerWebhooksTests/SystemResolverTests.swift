import ClavigerCore
import Dispatch
import NIOPosix
import Synchronization
import Testing

@testable import ClavigerWebhooks

/// Looking names up with threads that may all be waiting.
@Suite struct SystemResolverTests {
    @Test func nobodyIsAskedForWhoeverHasGivenUp() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let gate = DispatchSemaphore(value: 0)
        pool.submit { _ in gate.wait() }
        let asked = Mutex<[String]>([])
        let resolver = SystemResolver(pool: pool) { name in
            asked.withLock { $0.append(name) }
            return [.v4(1)]
        }
        let impatient = Task { await resolver.addresses(of: "slow.example.com") }
        impatient.cancel()
        #expect(await impatient.value == [])
        gate.signal()
        #expect(await resolver.addresses(of: "next.example.com") == [.v4(1)])
        #expect(asked.withLock { $0 } == ["next.example.com"])
        try await pool.shutdownGracefully()
    }
}
