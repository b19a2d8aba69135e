import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Crypto

/// A verifier over a store in memory with a clock that moves when it is told to.
struct VerifierFixture {
    static let start = Timestamp(milliseconds: 1_795_243_200_000)

    let time = ManualTime(Self.start)
    let random: SeededRandom
    let source: MemorySource
    let rehashes = RecordedRehashes()
    let usage = RecordedUsage()
    let verifier: Verifier
    private let prefix: TokenPrefix
    private let tag: TokenTag
    private let api: KeySnapshot.API
    private let consumer: KeySnapshot.Consumer

    init(
        seed: UInt64 = 1,
        capacity: Int = 6400,
        negativeCapacity: Int = 6400,
        isSlow: Bool = false
    ) throws {
        let source = MemorySource(isSlow: isSlow)
        let random = SeededRandom(seed: seed)
        self.source = source
        self.random = random
        self.verifier = Verifier(
            source: source,
            makeHasher: { Self.hasher(current: 1) },
            time: self.time,
            usage: self.usage,
            limiter: Limiter(random: random),
            ledger: CreditLedger(journal: CreditRecords(sink: self.usage, time: self.time)),
            throttle: GuessThrottle(random: random),
            rehashSink: self.rehashes,
            configuration: Verifier.Configuration(
                capacity: capacity,
                negativeCapacity: negativeCapacity,
                negativeLifetime: .seconds(5)
            )
        )
        self.prefix = try TokenPrefix(parsing: "pay")
        self.tag = .live
        self.api = KeySnapshot.API(
            reference: API.Reference(
                id: API.ID(at: Self.start, from: random),
                name: try ResourceName(parsing: "payments")
            ),
            isManagement: false
        )
        self.consumer = KeySnapshot.Consumer(
            id: Consumer.ID(at: Self.start, from: random),
            externalID: "acme",
            metadata: []
        )
    }

    /// Versions 1 and 2 of the pepper up to the current one.
    static func hasher(current: Int) -> TokenHasher {
        var peppers: [Int: SymmetricKey] = [:]
        for version in 1...current {
            peppers[version] = SymmetricKey(data: [UInt8](repeating: UInt8(version), count: 32))
        }
        return TokenHasher(peppers: peppers, current: current)
    }

    func token() -> KeyToken {
        KeyToken(prefix: self.prefix, tag: self.tag, from: self.random)
    }

    func snapshot(_ token: KeyToken, _ state: KeyState.Name = .active, pepper: Int = 1) -> KeySnapshot {
        KeySnapshot(
            workspaceID: Workspace.ID(at: Self.start, from: self.random),
            keyID: APIKey.ID(at: Self.start, from: self.random),
            credentialID: Credential.ID(at: Self.start, from: self.random),
            name: "a key",
            api: self.api,
            environment: .production,
            consumer: self.consumer,
            scopes: .none,
            state: state,
            credentialState: .current,
            digest: Self.hasher(current: pepper).digest(of: token),
            notBefore: nil,
            expiresAt: nil,
            metadata: []
        )
    }

    /// Commits a new key without telling the verifier.
    func commit(_ token: KeyToken, _ state: KeyState.Name = .active) {
        self.source.set(self.snapshot(token, state), for: token.lookupID)
    }

    /// Commits a change of a key and applies it, as the service does before it acknowledges.
    func change(_ token: KeyToken, to state: KeyState.Name) {
        self.commit(token, state)
        var effects = Verifier.Effects()
        effects.changed = [token.lookupID]
        self.verifier.apply(effects)
    }

    /// Commits a new key and applies it.
    func add(_ token: KeyToken) {
        self.commit(token)
        var effects = Verifier.Effects()
        effects.added = [token.lookupID]
        self.verifier.apply(effects)
    }

    /// New keys that are committed and not in memory yet.
    func committedTokens(_ count: Int) -> [KeyToken] {
        let tokens = (0..<count).map { _ in self.token() }
        for token in tokens { self.commit(token) }
        return tokens
    }

    func code(_ token: KeyToken) async throws -> VerificationCode {
        try await self.verifier.verify(PresentedToken(token), VerificationQuery(), isVisible: { _ in true }).code
    }
}
