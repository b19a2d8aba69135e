import ClavigerCore
import ClavigerLog
import Crypto

/// What the heads of the audit log are signed with: its current key and, where that has replaced another, the one before
/// it, so that whoever only knows the older one goes on until it learns of the newer from the log itself.
struct AuditLogSigners: Sendable {
    /// The newest first.
    let signers: [NoteSigner]
    /// Says when a head was the newest; by the current key (C2SP tlog-cosignature).
    let cosigner: Cosigner

    init(_ keyring: Keyring, origin: NoteKeyName) {
        let current = keyring.currentVersion(of: .auditSigning)
        let versions = keyring.versions(of: .auditSigning).filter { $0 == current || $0 == current - 1 }.reversed()
        self.signers = versions.compactMap { Self.seed(keyring, $0, origin).flatMap { NoteSigner(name: origin, seed: $0) } }
        guard let cosigner = Self.seed(keyring, current, origin).flatMap({ Cosigner(name: origin, seed: $0) }) else {
            preconditionFailure("a keyring has every purpose, and its keys have the length of a seed")
        }
        self.cosigner = cosigner
    }

    /// The key of one version.
    static func signer(_ keyring: Keyring, version: Int, origin: NoteKeyName) -> NoteSigner? {
        Self.seed(keyring, version, origin).flatMap { NoteSigner(name: origin, seed: $0) }
    }

    /// Logs of different origins have different keys: what is signed for one can never be taken for another's.
    private static func seed(_ keyring: Keyring, _ version: Int, _ origin: NoteKeyName) -> [UInt8]? {
        keyring.key(for: .auditSigning, version: version).map { key in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key,
                info: Array("claviger/v1/audit-log/".utf8) + origin.utf8,
                outputByteCount: NoteSigner.seedLength
            ).withUnsafeBytes { Array($0) }
        }
    }
}
