public import ClavigerCore
public import ClavigerVerifier

extension Authority {
    /// How many revocations by possession are taken from one network: a hundred at once, then a hundred a minute.
    static let revocationRate = GuessThrottle.Configuration(allowance: 100, window: .seconds(60), networks: 16_384)
    /// What is written beside the state of a key that its holder ended.
    static let revokedByHolder = "Revoked by its holder."

    /// Ends the key whose token somebody holds; holding it is all that is asked (RFC 7009).
    ///
    /// A token that is not ours, or of no use any more, changes nothing and looks the same. A management key is no
    /// exception: whoever holds its token could do more with it than end it.
    ///
    /// When this returns, no verification on this server sees the old state any more (promise P4).
    ///
    /// - Returns: how long to wait, if too many came from this network; nil once it is done.
    public func revoke(
        presented token: PresentedToken,
        network: IPAddress?,
        requestID: String
    ) async throws -> Duration? {
        let uptime = self.time.uptime()
        // Whose address is not known shares one count with all of its like.
        let source = network ?? .v6(0)
        if let wait = self.revocations.shouldRefuse(source, at: uptime) { return wait }
        self.revocations.recordBad(source, at: uptime)
        let shown = try await Problem.ofUse { try await self.verifier.key(of: token, from: network) }
        let snapshot: KeySnapshot
        switch shown {
        case .ofKey(let key) where !key.state.isEnd: snapshot = key
        case .ofKey, .ofNone: return nil
        // Not "done": a key that its holder believes dead would live on.
        case .tooManyAttempts(let wait): return wait
        }
        let holder = Holder(of: snapshot, network: network, requestID: requestID)
        try await self.change(KeyCommand.revoke.action, as: holder) { change in
            guard var key = try change.tx.key(holder.keyID, in: holder.workspaceID), !key.state.name.isEnd,
                try change.isInUse(snapshot.credentialID, of: key)
            else { return change.nothingToDo() }
            _ = try change.carryOut(.revoke, on: &key, note: Self.revokedByHolder)
        }
        return nil
    }
}

extension KeyState.Name {
    /// Whether a key never comes back from this state.
    var isEnd: Bool {
        switch self {
        case .revoked, .compromised, .destroyed: true
        case .pending, .active, .suspended, .expired: false
        }
    }
}

extension ChangeBy {
    /// Whether a token with this credential is still one: a replaced one gives no say over what came after it.
    func isInUse(_ id: Credential.ID, of key: APIKey) throws -> Bool {
        let credential = try self.tx.credentials(of: key.id, in: key.workspaceID).first { $0.id == id }
        switch credential?.state {
        case .current: return true
        case .retiring(let endsAt): return self.now < endsAt
        case .retired, nil: return false
        }
    }
}
