import ClavigerClient
import ClavigerCore

/// A verdict, and where it comes from.
struct Answered: Sendable {
    enum Source: Sendable {
        /// The authority, for this use.
        case authority
        /// The cache, or the answer to somebody who asked the same at the same time.
        case kept
        /// The cache, after its time, as the authority cannot be reached.
        case lastKnownGood
    }

    let verification: Verification
    let source: Source
}

/// Asks the authority about tokens, or the cache where the authority has said that it may.
struct RemoteVerifier: Sendable {
    let client: ClavigerClient
    let timeout: Duration
    let cache: ClavigerVerificationCache?
    let lastKnownGood: Duration?
    let time: any TimeSource

    /// Asks about a token.
    ///
    /// - Throws: ``VerificationFailure``, and `CancellationError`.
    func verify(_ token: String, _ question: VerificationQuestion) async throws -> Answered {
        guard let cache else { return Answered(verification: try await self.ask(token, question), source: .authority) }
        let digest = QuestionDigest(token, question, client: self.client.number)
        if let kept = cache.fresh(digest, at: self.time) { return Answered(verification: kept, source: .kept) }
        do {
            return try await self.askOnce(token, question, digest, cache)
        } catch let failure as VerificationFailure {
            // An authority that is there and does not decide is not stood in for.
            guard case .unreachable = failure, self.lastKnownGood != nil,
                let kept = cache.afterItsTime(digest, at: self.time)
            else { throw failure }
            return Answered(verification: kept, source: .lastKnownGood)
        }
    }

    /// Asks, unless the same is being asked just now and the answer turns out to be one that may be kept.
    ///
    /// Whether it may is known only when it is there. If it may not, each use is counted: whoever waited asks for
    /// itself, and has lost the time that one question takes.
    private func askOnce(
        _ token: String,
        _ question: VerificationQuestion,
        _ digest: QuestionDigest,
        _ cache: ClavigerVerificationCache
    ) async throws -> Answered {
        let (flight, isOwn) = cache.flight(digest) { generation in
            // Not a child of this request: others wait for it, and this one may be cancelled.
            Task {
                defer { cache.land(digest, generation) }
                return try await self.askAndKeep(token, question, digest, generation, cache)
            }
        }
        let (verification, isKept) = try await flight.value
        if isOwn { return Answered(verification: verification, source: .authority) }
        if isKept { return Answered(verification: verification, source: .kept) }
        let (own, _) = try await self.askAndKeep(token, question, digest, cache.generation, cache)
        return Answered(verification: own, source: .authority)
    }

    private func askAndKeep(
        _ token: String,
        _ question: VerificationQuestion,
        _ digest: QuestionDigest,
        _ generation: UInt64,
        _ cache: ClavigerVerificationCache
    ) async throws -> ClavigerVerificationCache.Flown {
        // The answer ages from the moment it may have been decided, not from its arrival.
        let askedAt = self.time.uptime()
        let verification = try await self.ask(token, question)
        let isKept = cache.keep(
            verification,
            for: digest,
            of: TokenDigest(token),
            askedAt: askedAt,
            grace: self.lastKnownGood ?? .zero,
            generation: generation,
            at: self.time
        )
        return (verification, isKept)
    }

    private func ask(_ token: String, _ question: VerificationQuestion) async throws -> Verification {
        let secret = SecretText(token)
        do {
            return try await Deadline.run(within: self.timeout) { try await self.client.verify(secret, question) }
        } catch let error as ClientError {
            throw VerificationFailure(error)
        } catch is Deadline.Exceeded {
            throw VerificationFailure.unreachable(
                "The authority did not answer within \(DurationText.text(for: self.timeout))."
            )
        }
    }
}
