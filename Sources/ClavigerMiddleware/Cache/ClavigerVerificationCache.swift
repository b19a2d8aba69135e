import ClavigerClient
import ClavigerCore
import Synchronization

/// Keeps the authority's answers for a short time, where the authority allows it.
///
/// By default it does not: it answers `Cache-Control: no-store` until its operator sets `verifier.answerLifetime`, and
/// even then for keys that have limits or credits, as each of their uses counts. What is kept is taken at its word: **a
/// key that is revoked goes on opening the app until its answer's time is over, and uses that are answered from here
/// are not on the authority's record.** Whoever knows of a revocation can shorten that:
///
///     let cache = ClavigerVerificationCache(longestLifetime: .seconds(2))
///     router.add(middleware: ClavigerAuthentication(
///         client: client, api: "payments", environment: "production", options: .init(cache: cache)))
///     …
///     cache.invalidate(keyID: "key_00mC3rQ8kXv1pT5yZbN7aL")
///
/// Several middlewares can share one. It holds no token, but the SHA-256 digest of the token and of everything that was
/// asked about it.
public final class ClavigerVerificationCache: Sendable {
    typealias Flown = (verification: Verification, isKept: Bool)

    private struct FlightID: Hashable {
        let question: QuestionDigest
        let generation: UInt64
    }

    /// Whoever asks may touch it, for moments only.
    private struct State {
        var table: AnswerTable
        var flights: [FlightID: Task<Flown, any Error>] = [:]
        /// Counts invalidations: what was asked before one is not kept after it.
        var generation: UInt64 = 0
    }

    /// The longest that an answer is kept, whatever the authority allows.
    public let longestLifetime: Duration
    private let state: Mutex<State>

    /// Makes an empty cache.
    ///
    /// - Parameters:
    ///   - capacity: the most answers that it keeps. A client that asks for many paths has one for each.
    ///   - longestLifetime: the longest that an answer is kept, whatever the authority allows.
    public init(capacity: Int = 10_000, longestLifetime: Duration = .seconds(5)) {
        self.longestLifetime = longestLifetime
        self.state = Mutex(State(table: AnswerTable(capacity: capacity)))
    }

    /// How many answers there are, also those whose time is over.
    public var count: Int { self.state.withLock { $0.table.count } }

    /// Forgets all answers about a key: the next use of it asks the authority.
    public func invalidate(keyID: String) {
        self.state.withLock {
            $0.generation += 1
            $0.table.remove(keyID: keyID)
        }
    }

    /// Forgets all answers about a token: the next use of it asks the authority.
    public func invalidate(token: String) {
        let digest = TokenDigest(token)
        self.state.withLock {
            $0.generation += 1
            $0.table.remove(digest)
        }
    }

    /// Forgets everything.
    public func invalidateAll() {
        self.state.withLock {
            $0.generation += 1
            $0.table.removeAll()
        }
    }

    // MARK: - For whoever verifies

    var generation: UInt64 { self.state.withLock { $0.generation } }

    /// The answer to a question, while its time is not over.
    func fresh(_ question: QuestionDigest, at time: any TimeSource) -> Verification? {
        self.find(question, at: time) { $0.freshUntil }
    }

    /// The answer to a question, for when the authority cannot be reached.
    func afterItsTime(_ question: QuestionDigest, at time: any TimeSource) -> Verification? {
        self.find(question, at: time) { $0.keptUntil }
    }

    private func find(
        _ question: QuestionDigest,
        at time: any TimeSource,
        _ end: (AnswerTable.Entry) -> Uptime
    ) -> Verification? {
        let (now, uptime) = (time.now(), time.uptime())
        return self.state.withLock { state in
            guard let entry = state.table.find(question) else { return nil }
            let isOver = entry.verification.expiresAt.map { $0 <= now } ?? false
            if isOver || entry.keptUntil <= uptime {
                state.table.remove(question)
                return nil
            }
            return uptime < end(entry) ? entry.verification : nil
        }
    }

    /// Takes in an answer; false if it may not be kept, or is of before an invalidation.
    ///
    /// A refusal also ends what was known before: of the question, and if it is about the key itself, of its token.
    func keep(
        _ verification: Verification,
        for question: QuestionDigest,
        of token: TokenDigest,
        askedAt: Uptime,
        grace: Duration,
        generation: UInt64,
        at time: any TimeSource
    ) -> Bool {
        let lifetime = KeepingTime.of(verification, atMost: self.longestLifetime, at: time.now())
        let isOfKey = !verification.isValid && Refusal(verification) == .keyRefused
        return self.state.withLock { state in
            if isOfKey { state.table.remove(token) } else { state.table.remove(question) }
            guard lifetime > .zero, state.generation == generation else { return false }
            let freshUntil = askedAt + lifetime
            state.table.insert(
                AnswerTable.Entry(
                    question: question,
                    token: token,
                    verification: verification,
                    freshUntil: freshUntil,
                    // A refusal is nothing to fall back on: without an answer everybody is refused.
                    keptUntil: verification.isValid ? freshUntil + grace : freshUntil
                )
            )
            return true
        }
    }

    /// The question that is on its way, or a new one.
    func flight(
        _ question: QuestionDigest,
        _ begin: (UInt64) -> Task<Flown, any Error>
    ) -> (flight: Task<Flown, any Error>, isOwn: Bool) {
        self.state.withLock { state in
            let id = FlightID(question: question, generation: state.generation)
            if let flight = state.flights[id] { return (flight, false) }
            // It begins and does not run yet, so it can end only after it has been noted.
            let flight = begin(state.generation)
            state.flights[id] = flight
            return (flight, true)
        }
    }

    /// A question has its answer.
    func land(_ question: QuestionDigest, _ generation: UInt64) {
        self.state.withLock { state in
            state.flights[FlightID(question: question, generation: generation)] = nil
        }
    }
}

extension ClavigerVerificationCache: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says how many answers there are.
    public var description: String { "ClavigerVerificationCache(\(self.count) answers, redacted)" }
    /// Says how many answers there are.
    public var debugDescription: String { self.description }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
