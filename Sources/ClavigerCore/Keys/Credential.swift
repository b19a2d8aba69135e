/// One secret version of a key.
public struct Credential: Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "cred"
    /// The id of a credential.
    public typealias ID = Identifier<Credential>

    /// Where a credential is in the rotation of its key.
    public enum State: Hashable, Sendable {
        case current
        /// In grace: usable until `endsAt`.
        case retiring(endsAt: Timestamp)
        case retired
    }

    /// The id.
    public let id: ID
    /// The key whose secret it is.
    public let keyID: APIKey.ID
    /// The public part of its token.
    public let lookupID: LookupID
    /// The stored form of its token; nil once the key is destroyed.
    public var digest: KeyDigest?
    /// Where it is in the rotation.
    public var state: State
    /// When it was made.
    public let createdAt: Timestamp
    /// When another took its place; nil for a current one.
    public var replacedAt: Timestamp?
    /// Ends its grace when it has not been used for so long.
    public var quietFor: Duration?
    /// When somebody ended it, or it went quiet; nil where the end of its grace did.
    public var endedAt: Timestamp?

    /// Makes a credential value.
    public init(
        id: ID,
        keyID: APIKey.ID,
        lookupID: LookupID,
        digest: KeyDigest?,
        state: State,
        createdAt: Timestamp,
        replacedAt: Timestamp? = nil,
        quietFor: Duration? = nil,
        endedAt: Timestamp? = nil
    ) {
        self.id = id
        self.keyID = keyID
        self.lookupID = lookupID
        self.digest = digest
        self.state = state
        self.createdAt = createdAt
        self.replacedAt = replacedAt
        self.quietFor = quietFor
        self.endedAt = endedAt
    }

    /// The state with time taken into account: one whose grace is over is retired.
    public func state(at now: Timestamp) -> State {
        if case .retiring(let endsAt) = self.state, endsAt <= now { return .retired }
        return self.state
    }

    /// Until when it can still be used; nil unless it is in grace.
    public func graceEndsAt(at now: Timestamp) -> Timestamp? {
        if case .retiring(let endsAt) = self.state(at: now) { endsAt } else { nil }
    }

    /// When it could not be used any more, as far as that is known; nil for one that still can.
    public func retiredAt(at now: Timestamp) -> Timestamp? {
        switch self.state {
        case .current: nil
        case .retiring(let endsAt): endsAt <= now ? endsAt : nil
        case .retired: self.endedAt ?? self.replacedAt
        }
    }

    /// Lets it be used until the end of a term.
    public mutating func retire(_ term: RotationGrace.Term, at now: Timestamp) {
        self.replacedAt = self.replacedAt ?? now
        guard term.endsAt > now else { return self.end(at: now) }
        self.state = .retiring(endsAt: term.endsAt)
        self.quietFor = term.quietFor
    }

    /// Ends its grace, if it is in one, at this moment at the latest.
    public mutating func endGrace(by latest: Timestamp) {
        guard case .retiring(let endsAt) = self.state, endsAt > latest else { return }
        self.state = .retiring(endsAt: latest)
    }

    /// Ends it.
    public mutating func end(at now: Timestamp) {
        self.state = .retired
        self.quietFor = nil
        self.endedAt = now
    }
}
