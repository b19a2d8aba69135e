public import ClavigerCore
public import ClavigerVerifier

extension Authority {
    /// How many bad tokens and rotations are taken from the holders of one network: a hundred at once, then a hundred
    /// a minute.
    static let holderRate = GuessThrottle.Configuration(allowance: 100, window: .seconds(60), networks: 16_384)
    /// Tells the verifications of holders from those of clients, whose guesses are counted elsewhere.
    private static let holderReporter = UInt64.max

    /// Who has shown this token; its key can be any, and what restricts the key holds here too.
    ///
    /// Uses nothing up, and puts nothing on record but that a key was ended. A key whose limits or credits are used up has a holder all the same.
    ///
    /// - Parameter changes: whether the call changes something, and so counts for itself.
    public func holder(
        of token: PresentedToken,
        origin: String?,
        network: IPAddress?,
        requestID: String,
        changes: Bool
    ) async throws -> HolderAdmission {
        let uptime = self.time.uptime()
        // Whose address is not known shares one count with all of its like.
        let source = network ?? .v6(0)
        if let wait = self.holders.shouldRefuse(source, at: uptime) { return .wait(wait) }
        if changes { self.holders.recordBad(source, at: uptime) }
        var query = VerificationQuery(context: ClientContext(ip: network, origin: origin))
        // What is told is what is left now, not what would be after a use.
        query.cost = 0
        let asked = query
        let (verdict, _) = try await Problem.ofUse {
            try await self.verifier.explain(token, asked, reporter: Self.holderReporter, isVisible: { _ in true })
        }
        switch verdict.code {
        case .valid, .rateLimited, .creditsExhausted:
            guard let key = verdict.key else { return .refused }
            return .holder(KeyHolder(key, verdict, network: network, requestID: requestID))
        // It was not looked at: that is no word about the token, and no bad one.
        case .tooManyAttempts: return .wait(verdict.retryAfter ?? .seconds(1))
        default:
            if !changes { self.holders.recordBad(source, at: uptime) }
            if let key = verdict.key {
                let recording = UseRecording(workspaceID: key.workspaceID, source: .management, requestID: requestID)
                self.noteEnded(verdict, of: token, asked, recording)
            }
            return .refused
        }
    }

    /// The holder's own key; no permission is needed for that.
    public func ownKey(of holder: KeyHolder) async throws -> HeldKey {
        let now = self.time.now()
        return try await self.store.read { tx in
            let (key, api, credentials) = try tx.held(by: holder, at: now)
            guard let credential = credentials.first(where: { $0.id == holder.credentialID }) else {
                throw Problem.holderRefused
            }
            return HeldKey(
                reading: RotationReading(key: key, credentials: credentials, readAt: now),
                credential: credential,
                api: api,
                rules: try tx.rotationRules(for: api, key.environment, key),
                holder: holder
            )
        }
    }

    /// Gives the holder of a current token the next one, if the rules allow.
    ///
    /// An answer that was lost is given again to whoever repeats the request with the same idempotency key and either
    /// token, as long as the replaced one is in grace: a holder that was killed in between is never left with nothing.
    public func rotate(
        _ request: RotationRequest,
        by holder: KeyHolder,
        once: Once<IssuedRotation>?
    ) async throws -> Outcome<IssuedRotation> {
        let action = AuditAction(.key, "rotate")
        let (keyring, random, detailRetention) = (self.keyring, self.random, self.detailRetention)
        return try await self.change(action, as: holder.author) { change in
            let (key, api, credentials) = try change.tx.held(by: holder, at: change.now)
            // Made here, on the writing thread: a rotation of the keyring before this transaction must count.
            let sealer = Sealer(keyring: keyring.keyring, random: random)
            let answerID = once.map {
                StoredAnswerID(workspaceID: change.workspaceID, actorID: key.id, idempotencyKey: $0.key)
            }
            if let once, let answerID, let answer = try change.tx.answer(answerID) {
                guard answer.fingerprint == once.fingerprint(for: holder) else { throw Problem.idempotencyKeyReused }
                let replayed = try sealer.open(answer.sealed, for: answerID.sealingContext)
                try change.record(AuditAction(.key, "rotate.replay"), key.id.text)
                return .replayed(replayed)
            }
            let rules = try change.tx.rotationRules(for: api, key.environment, key)
            try request.grace.checkQuiet(isKnownFor: detailRetention)
            try Self.checkMayRotate(key, credentials.first { $0.id == holder.credentialID }, request, rules, change.now)
            // What the rules refuse is refused, whether somebody has asked for a rotation or not.
            _ = try request.grace.checkedTerm(at: change.now, replacedAt: change.now, rules)
            let (held, heldRules) = request.held(to: key.rotateBy, rules, at: change.now)
            let issued = try change.rotate(key, of: api, held, heldRules, keyring.keyring.makeHasher())
            if let once, let answerID {
                let replaced = issued.reading.credentials.first { $0.id == holder.credentialID }
                try change.tx.insert(
                    StoredAnswer(
                        fingerprint: once.fingerprint(for: holder),
                        sealed: try sealer.seal(once.encode(issued), for: answerID.sealingContext),
                        createdAt: change.now,
                        keepUntil: replaced?.graceEndsAt(at: change.now)
                    ),
                    answerID
                )
            }
            return .done(issued)
        }
    }

    private static func checkMayRotate(
        _ key: APIKey,
        _ shown: Credential?,
        _ request: RotationRequest,
        _ rules: RotationRules,
        _ now: Timestamp
    ) throws(Problem) {
        guard key.kind == .secret else {
            throw Problem(.forbidden, "A publishable key is known to everybody; only an administrator can rotate it.")
        }
        guard rules.holderMayRotate else {
            throw Problem(.forbidden, "The rules of this key leave its rotation to administrators.")
        }
        let shortest = RotationRules.shortestHolderGrace
        guard rules.holderCanRotate else {
            throw Problem(
                .forbidden,
                """
                The rules of this key leave a replaced token less than \(DurationText.text(for: shortest)), in which a \
                lost answer could be asked for again; so its rotation is left to administrators.
                """
            )
        }
        guard shown?.state == .current else {
            throw Problem(
                .stateConflict,
                """
                This token has been replaced already, and only a current one can be. Whoever replaced it has the next \
                one: the same request with the same Idempotency-Key gives it again.
                """
            )
        }
        let (field, length): (String, Duration) =
            switch request.grace {
            case .lasting(let duration): ("grace", duration)
            case .until(let end): ("until", end - now)
            case .untilQuiet(let duration): ("quietFor", duration)
            }
        guard length >= shortest else {
            throw Problem.validation([
                Violation(
                    "/\(field)",
                    "must leave at least \(DurationText.text(for: shortest)), in which a lost answer can be asked for again"
                )
            ])
        }
    }
}

extension RotationRequest {
    /// What a holder gets of it where a rotation was asked for: the replaced tokens are over by that moment.
    ///
    /// It is shortened and not refused: a program that always asks for a day must be able to do what it is told to.
    fileprivate func held(
        to rotateBy: Timestamp?,
        _ rules: RotationRules,
        at now: Timestamp
    ) -> (RotationRequest, RotationRules) {
        guard rotateBy != nil else { return (self, rules) }
        let longest = rules.longestHolderGrace(rotateBy: rotateBy, at: now)
        var (request, rules) = (self, rules)
        request.grace = self.grace.held(to: longest, at: now)
        request.olderGraceEndsBy = now + longest
        rules.maximumGrace = longest
        return (request, rules)
    }
}

extension AuthorityReading {
    /// The key of a holder as the transaction sees it: between the look-up and here it may have ended (promise P4).
    func held(
        by holder: KeyHolder,
        at now: Timestamp
    ) throws -> (key: APIKey, api: API, credentials: [Credential]) {
        let author = holder.author
        guard let key = try self.key(author.keyID, in: author.workspaceID), key.state(at: now) == .active,
            key.attributes.notBefore.map({ $0 <= now }) ?? true,
            let api = try self.api(key.apiID, in: author.workspaceID)
        else { throw Problem.holderRefused }
        let credentials = try self.credentials(of: key.id, in: author.workspaceID)
        guard let shown = credentials.first(where: { $0.id == holder.credentialID }), shown.state(at: now) != .retired
        else { throw Problem.holderRefused }
        return (key, api, credentials)
    }
}

extension Problem {
    /// The one answer to a holder whose key cannot be used, for whatever reason.
    public static let holderRefused = Problem(
        .unauthorized,
        "The key cannot be used. It may be mistyped, expired or revoked, or not be meant for where you are."
    )

    /// The answer to a network that sends too many bad tokens or rotations.
    public static let tooManyHolders = Problem(
        .rateLimited,
        "Your network has sent too many bad tokens or rotations; wait and go on."
    )
}
