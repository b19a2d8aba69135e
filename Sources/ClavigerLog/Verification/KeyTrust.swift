/// The keys that a log may have signed with: those that are trusted, and those that rotations lead to from there.
///
/// Learnt while a log is walked, and to be used only after its root turned out to be the one in the checkpoint.
struct KeyTrust {
    private let policy: LogPolicy
    /// The trusted keys, and after them those that were reached.
    private(set) var keys: [VerifierKey]
    /// The rotations that led to them, in the order of the log.
    private(set) var rotations: [LogReport.Rotation] = []
    private(set) var rotationsThatDoNotCount = 0

    init(policy: LogPolicy) {
        self.policy = policy
        self.keys = policy.logKeys
    }

    /// Follows a rotation if a key that is trusted at this place of the log signed it.
    ///
    /// Any other is no fault: who trusts only the newest key sees all the older rotations too.
    mutating func learn(_ rotation: KeyRotation, at index: UInt64) {
        guard rotation.origin == self.policy.origin, self.keys.contains(rotation.oldKey),
            // The log would be its own witness.
            !self.policy.witnessKeys.contains(where: { $0.publicKey == rotation.newKey.publicKey })
        else {
            self.rotationsThatDoNotCount += 1
            return
        }
        guard !self.keys.contains(rotation.newKey) else { return }
        self.keys.append(rotation.newKey)
        self.rotations.append(LogReport.Rotation(index: index, rotation: rotation))
    }

    /// Checks a checkpoint with all keys; nil if none of them signed it.
    func verify(_ claim: CheckpointClaim) throws(LogFault) -> VerifiedCheckpoint? {
        // Witnesses may have become a demand only after the earlier checkpoint.
        let needed = claim.head == .present ? self.policy.witnessesNeeded : 0
        guard
            let policy = LogPolicy(
                origin: self.policy.origin,
                logKeys: self.keys,
                witnessKeys: self.policy.witnessKeys,
                witnessesNeeded: needed
            )
        else { return nil }
        do {
            return try policy.verify(claim.note)
        } catch {
            switch error {
            case .note(.noKnownKey), .notSignedByLog: return nil
            case .note(.invalidSignature): throw .signature(claim.head, .invalid)
            case .tooFewWitnesses(let count, let needed):
                throw .signature(claim.head, .tooFewWitnesses(count: count, needed: needed))
            case .wrongOrigin: throw .wrongOrigin(claim.head)
            case .malformed, .note: throw .malformedCheckpoint(claim.head)
            }
        }
    }
}
