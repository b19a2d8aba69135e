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
        self.signers = versions.compactMap {
            Self.seed(keyring, $0, origin).flatMap { NoteSigner(name: origin, seed: $0) }
        }
        guard let cosigner = Self.seed(keyring, current, origin).flatMap({ Cosigner(name: origin, seed: $0) }) else {
            preconditionFailure("a keyring has every purpose, and its keys have the length of a seed")
        }
        self.cosigner = cosigner
    }

    /// What a rotation of the log's key is called in it.
    static let rotationVerb = "rotate_key"

    /// What is recorded of a rotation of the log's key: both keys sign each other, so that whoever trusts the old one can
    /// find the way to the new one in the log.
    static func rotation(_ keyring: Keyring, from old: Int, origin: NoteKeyName) throws -> JSON {
        guard let line = NoteLine(origin.text),
            let former = Self.signer(keyring, version: old, origin: origin),
            let current = Self.signer(keyring, version: keyring.currentVersion(of: .auditSigning), origin: origin)
        else { preconditionFailure("a keyring has every version up to its current one") }
        let rotation = try KeyRotation(origin: line, from: former, to: current)
        return ["rotation": .string(String(decoding: rotation.bytes, as: UTF8.self))]
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
