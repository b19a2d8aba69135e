/// What a key derived from the root key is for.
///
/// The raw value takes part in the derivation and is stored: it never changes. A new purpose is a new case; a server
/// that meets a keyring without it adds its first version (``Keyring/missingEntries(among:rootKey:at:from:)``).
public enum KeyPurpose: String, CaseIterable, Hashable, Sendable {
    /// Digests of tokens.
    case pepper = "pepper"
    /// Sealed values of records.
    case seal = "seal"
    /// Pagination cursors.
    case cursor = "cursor"
    /// Signatures under the heads of the audit log.
    case auditSigning = "audit-signing"
}
