/// Why a checkpoint is refused.
public enum CheckpointError: Error, Hashable, Sendable {
    /// The note around it is refused.
    case note(NoteError)
    /// The text of the note is not a checkpoint.
    case malformed
    /// It is the checkpoint of another log.
    case wrongOrigin
    /// None of the keys of the log signed it.
    case notSignedByLog
    /// Fewer witnesses than needed cosigned it.
    case tooFewWitnesses(count: Int, needed: Int)
}

/// Whom one believes about a log: the keys of the log itself, and the witnesses of which some must have cosigned.
public struct LogPolicy: Hashable, Sendable {
    /// The unique name of the log.
    public let origin: NoteLine
    /// The keys of the log, of which one must have signed.
    ///
    /// More than one while a key is being changed.
    public let logKeys: [VerifierKey]
    /// The keys of the known witnesses.
    public let witnessKeys: [VerifierKey]
    /// How many different witnesses must have cosigned.
    public let witnessesNeeded: Int

    /// Makes a policy; nil if nothing could fulfil it, or if the log would be its own witness.
    public init?(origin: NoteLine, logKeys: [VerifierKey], witnessKeys: [VerifierKey] = [], witnessesNeeded: Int = 0) {
        let witnesses = Set(witnessKeys.map(\.publicKey))
        guard !logKeys.isEmpty, witnesses.isDisjoint(with: logKeys.map(\.publicKey)),
            (0...witnesses.count).contains(witnessesNeeded)
        else { return nil }
        self.origin = origin
        self.logKeys = logKeys
        self.witnessKeys = witnessKeys
        self.witnessesNeeded = witnessesNeeded
    }

    /// Checks the signatures and the origin of a checkpoint.
    public func verify(_ note: SignedNote) throws(CheckpointError) -> VerifiedCheckpoint {
        let verified: VerifiedNote
        do {
            verified = try note.verified(by: self.logKeys + self.witnessKeys)
        } catch {
            throw .note(error)
        }
        guard let checkpoint = Checkpoint(parsing: verified.text) else { throw .malformed }
        guard checkpoint.origin == self.origin else { throw .wrongOrigin }
        guard verified.signatures.contains(where: { self.logKeys.contains($0.key) }) else { throw .notSignedByLog }
        let cosignatures = verified.signatures.filter { self.witnessKeys.contains($0.key) }
        // One key under two names is one witness.
        let count = Set(cosignatures.map(\.key.publicKey)).count
        guard count >= self.witnessesNeeded else {
            throw .tooFewWitnesses(count: count, needed: self.witnessesNeeded)
        }
        return VerifiedCheckpoint(checkpoint, note: note, cosignatures: cosignatures)
    }
}
