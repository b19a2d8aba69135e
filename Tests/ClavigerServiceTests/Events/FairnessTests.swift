import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Synchronization
import Testing

/// Endpoints that hang hold up nobody else, however old they are.
@Suite struct FairnessTests {
    /// Answers at once, but not for hosts that begin with `bad`: these hang until they are let go, one by one.
    private final class HangingSender: EventSender {
        private struct State {
            var hanging: [CheckedContinuation<Void, Never>] = []
            var answered = 0
        }

        private let state = Mutex(State())

        var hanging: Int { self.state.withLock { $0.hanging.count } }
        var answered: Int { self.state.withLock { $0.answered } }

        func send(_ event: SignedEvent) async -> SendResult {
            guard event.url.host.hasPrefix("bad") else {
                self.state.withLock { $0.answered += 1 }
                return .answered(status: 200, retryAfter: nil)
            }
            await withCheckedContinuation { continuation in
                self.state.withLock { $0.hanging.append(continuation) }
            }
            return .failed(.timedOut)
        }

        func letGo() {
            self.state.withLock { $0.hanging.isEmpty ? nil : $0.hanging.removeFirst() }?.resume()
        }
    }

    @Test func whatHangingEndpointsGiveBackGoesToTheOthers() async throws {
        let fixture = try await EventFixture()
        for name in ["bad1", "bad2", "good"] {
            try await fixture.endpoint(url: "https://\(name).example.com/")
            fixture.test.time.advance(by: .milliseconds(1))
        }
        for number in 0..<5 { try await fixture.key("k\(number)") }
        let sender = HangingSender()
        let dispatcher = EventDispatcher(
            authority: fixture.test.authority,
            sender: sender,
            configuration: EventDispatcher.Configuration(parallel: 4, parallelPerEndpoint: 2, pause: .milliseconds(5)),
            logger: fixture.test.log.logger()
        )
        let running = Task { await dispatcher.run() }
        try await Self.wait { sender.hanging == 4 }
        #expect(sender.answered == 0, "every place is taken")
        sender.letGo()
        try await Self.wait { sender.answered == 5 }
        #expect(sender.answered == 5)
        running.cancel()
        let letting = Task {
            while !Task.isCancelled {
                sender.letGo()
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        await running.value
        letting.cancel()
    }

    private static func wait(until condition: () -> Bool) async throws {
        for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }
}
