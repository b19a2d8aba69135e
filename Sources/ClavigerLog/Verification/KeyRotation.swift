/// Why a key rotation is refused.
public enum KeyRotationError: Error, Hashable, Sendable {
    /// The note around it is refused.
    case note(NoteError)
    /// The text of the note is not that of a rotation.
    case malformed
    /// The key is replaced by itself.
    case sameKey
    /// The old key did not sign: nobody who trusts it has a reason to trust the new one.
    case notSignedByOldKey
    /// The new key did not sign: nothing shows that its owner has it.
    case notSignedByNewKey
}

/// The statement that a log signs with a new key from now on, signed by the old key and the new one.
///
/// The text has four lines: `claviger/audit-key-rotation/v1`, the origin, the old key and the new key.
///
/// It stands in an entry of the log, so that who trusts the old key can follow. There is no rotation without both
/// signatures: whoever has one needs to ask only whether the old key is to be trusted, and for this log.
public struct KeyRotation: Hashable, Sendable {
    /// The unique name of the log.
    public let origin: NoteLine
    /// The key that is replaced.
    public let oldKey: VerifierKey
    /// The key that replaces it.
    public let newKey: VerifierKey
    /// The note with both signatures.
    public let note: SignedNote

    // Not a line that a log would have as its origin, and no checkpoint has a key where its size should be.
    private static let firstLine = "claviger/audit-key-rotation/v1"

    /// Signs a rotation with both keys.
    public init(origin: NoteLine, from old: NoteSigner, to new: NoteSigner) throws(KeyRotationError) {
        let lines = [Self.firstLine, origin.text, old.verifierKey.text, new.verifierKey.text]
        let text = NoteText(lines: lines.compactMap { NoteLine($0) })
        do {
            try self.init(verifying: SignedNote(text, signatures: [old.sign(text), new.sign(text)]))
        } catch let error as KeyRotationError {
            throw error
        } catch let error as NoteError {
            throw .note(error)
        } catch {
            throw .malformed
        }
    }

    /// Reads a signed note and checks its signatures by both keys.
    public init(parsing bytes: some Collection<UInt8>) throws(KeyRotationError) {
        let note: SignedNote
        do {
            note = try SignedNote(parsing: bytes)
        } catch {
            throw .note(error)
        }
        try self.init(verifying: note)
    }

    /// Checks the signatures of a note by both keys that it names.
    public init(verifying note: SignedNote) throws(KeyRotationError) {
        guard let lines = ByteText.lines(note.text.utf8[...]), lines.count == 4,
            lines[0].elementsEqual(Self.firstLine.utf8),
            let origin = NoteLine(utf8: lines[1]),
            let old = Self.key(lines[2]), let new = Self.key(lines[3])
        else { throw .malformed }
        guard old.publicKey != new.publicKey else { throw .sameKey }
        let verified: VerifiedNote
        do {
            verified = try note.verified(by: [old, new])
        } catch {
            throw .note(error)
        }
        guard verified.signatures.contains(where: { $0.key == old }) else { throw .notSignedByOldKey }
        guard verified.signatures.contains(where: { $0.key == new }) else { throw .notSignedByNewKey }
        self.origin = origin
        self.oldKey = old
        self.newKey = new
        self.note = note
    }

    /// The whole note, as it stands in an entry.
    public var bytes: [UInt8] { self.note.bytes }

    /// Only keys that sign plain notes sign checkpoints as their log.
    private static func key(_ line: ArraySlice<UInt8>) -> VerifierKey? {
        let key = try? VerifierKey(parsing: String(decoding: line, as: UTF8.self))
        return key?.type == .ed25519 ? key : nil
    }
}
