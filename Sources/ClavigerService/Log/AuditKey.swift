import ClavigerCore
public import ClavigerLog

/// What whoever verifies the audit log has to know.
public struct AuditKey: Hashable, Sendable {
    /// The name of the log.
    public let origin: String
    /// The key that heads are signed with.
    public let current: VerifierKey
    /// The keys before it, the newest first; the log has how each handed over to the next.
    public let former: [VerifierKey]
    /// The first event that is at hand.
    public let firstIndex: Int

    init(_ keyring: Keyring, origin: NoteKeyName, firstIndex: Int) {
        let keys = keyring.versions(of: .auditSigning).reversed().compactMap {
            AuditLogSigners.signer(keyring, version: $0, origin: origin)?.verifierKey
        }
        guard let current = keys.first else { preconditionFailure("a keyring has every purpose") }
        self.origin = origin.text
        self.current = current
        self.former = Array(keys.dropFirst())
        self.firstIndex = firstIndex
    }
}
