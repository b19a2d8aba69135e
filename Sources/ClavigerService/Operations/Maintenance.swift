public import ClavigerCore
import ClavigerVerifier
public import Logging

/// What the server does by itself, again and again.
///
/// Each round does a bounded piece of work in small transactions.
public struct Maintenance: Sendable {
    /// How long answers to requests with an idempotency key are kept.
    public static let answerLifetime = Duration.seconds(24 * 3600)
    static let batch = 500

    let authority: Authority
    private let rehashes: RehashQueue
    let workspaceID: Workspace.ID
    let logger: Logger
    let brokenSecrets = BrokenSecrets()
    let clock = ClockWatch()
    let witnessRecords = WitnessRecords()

    /// Makes the maintenance of one server.
    public init(authority: Authority, rehashes: RehashQueue, workspaceID: Workspace.ID, logger: Logger) {
        self.authority = authority
        self.rehashes = rehashes
        self.workspaceID = workspaceID
        self.logger = logger
    }

    /// One round of housekeeping: store new digests, seal old answers and secrets anew, drop answers and deliveries that
    /// are too old, sharpen the filter.
    ///
    /// What is done to keys and people because a time has come is done by jobs; see ``Scheduler``.
    ///
    /// - Throws: what the first step that failed threw; the others were done all the same.
    public func runOnce() async throws {
        guard self.authority.auditLog.gate.refusal == nil else { return }
        let steps: [() async throws -> Void] = [
            self.dropAnswers,
            { while try await self.storeRehashes() == Self.batch {} },
            { while try await self.rewrapAnswers() == Self.batch {} },
            self.rewrapWebhookSecrets,
            self.rewrapForeignRules,
            self.forgetDeliveries,
            { if self.authority.verifier.isFilterOverfull { try await self.loadFilter() } },
        ]
        var failure: (any Error)?
        for step in steps {
            do {
                try await step()
            } catch let error as CancellationError {
                throw error
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func dropAnswers() async throws {
        let now = self.authority.time.now()
        let dropped = try await self.authority.store.write(
            { try $0.deleteAnswers(before: now - Self.answerLifetime, at: now) },
            afterCommit: { _ in }
        )
        if dropped > 0 { self.logger.debug("dropped old idempotent answers", metadata: ["count": "\(dropped)"]) }
    }

    /// Reads all lookup ids into the verifier's filter.
    public func loadFilter() async throws {
        let count = try await self.authority.store.read { try $0.credentialCount() }
        try await self.authority.verifier.loadFilter(expecting: count)
    }

    /// Stores digests that were made with the current pepper.
    ///
    /// Tells how many it took.
    func storeRehashes() async throws -> Int {
        let taken = self.rehashes.take(Self.batch)
        guard !taken.isEmpty else { return 0 }
        do {
            _ = try await self.authority.store.write { tx in
                let stored = try taken.filter { try tx.store($0.2, for: $0.0) }
                guard !stored.isEmpty else { return Verifier.Effects() }
                try tx.append(
                    self.record("credential.rehash", ["credentials": .array(stored.map { .string($0.0.text) })])
                )
                var effects = Verifier.Effects()
                effects.changed = stored.map(\.1)
                return effects
            } afterCommit: { [verifier = self.authority.verifier] in
                verifier.apply($0)
            }
        } catch {
            // The verifier counts on it: what was remembered of an imported token is not brought again.
            self.rehashes.putBack(taken)
            throw error
        }
        return taken.count
    }

    /// Seals answers under the current key that were sealed under an older one.
    ///
    /// Tells how many it took.
    func rewrapAnswers() async throws -> Int {
        try await self.authority.store.write { tx in
            let keyring = self.authority.keyring.keyring
            let sealer = Sealer(keyring: keyring, random: self.authority.random)
            let old = try tx.answers(sealedOtherThan: keyring.currentVersion(of: .seal), limit: Self.batch)
            for (id, answer) in old {
                guard let sealed = try sealer.rewrap(answer.sealed, for: id.sealingContext) else { continue }
                try tx.replace(sealed, for: id)
            }
            if !old.isEmpty { try tx.append(self.record("keyring.rewrap", ["answers": .integer(Int64(old.count))])) }
            return old.count
        } afterCommit: { _ in
        }
    }

    func record(_ action: String, _ after: JSON) -> AuditRecord {
        .bySystem(
            action,
            nil,
            after: after,
            in: self.workspaceID,
            at: self.authority.time.now(),
            from: self.authority.random
        )
    }
}
