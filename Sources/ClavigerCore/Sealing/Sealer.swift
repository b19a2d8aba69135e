import Crypto

/// Seals secrets of records with the purpose key `seal`, and opens them.
///
/// AES-256-GCM under a key of the value's own. GCM alone does not commit to its key: one ciphertext can be made to open
/// under two keys. So a second output of the same derivation is stored and compared first, the generic fix of Albertini,
/// Duong, Gueron, Kölbl, Luykx and Schmieg, "How to Abuse and Fix Authenticated Encryption Without Key Commitment"
/// (USENIX Security 2022), with HKDF-SHA256 as the collision-resistant derivation, as in the AWS Encryption SDK. The
/// place goes into that output too, which makes the whole committing to key, nonce, place and plaintext (CMT-4 of
/// Bellare and Hoang, "Efficient Schemes for Committing Authenticated Encryption", EUROCRYPT 2022).
public struct Sealer: Sendable {
    private let keyring: Keyring
    private let random: any RandomSource

    /// Makes a sealer.
    ///
    /// It is as cheap as the keyring that it holds: make a new one when the keyring is swapped.
    public init(keyring: Keyring, random: any RandomSource) {
        self.keyring = keyring
        self.random = random
    }

    /// Seals a plaintext for one place with the current version of the key.
    public func seal(_ plaintext: [UInt8], for context: SealingContext) throws(SealingError) -> SealedValue {
        let version = UInt32(self.keyring.currentVersion(of: .seal))
        let salt = self.random.bytes(SealedValue.saltLength)
        let associatedData = context.associatedData(keyVersion: version)
        let keys = try self.keys(version: Int(version), salt: salt, associatedData: associatedData)
        do {
            let nonce = try AES.GCM.Nonce(data: self.random.bytes(SealedValue.nonceLength))
            let box = try AES.GCM.seal(plaintext, using: keys.record, nonce: nonce, authenticating: associatedData)
            return SealedValue(
                keyVersion: version,
                salt: salt,
                commitment: keys.commitment.withUnsafeBytes { Array($0) },
                box: Array(nonce) + Array(box.ciphertext) + Array(box.tag)
            )
        } catch {
            // AES-GCM refuses only plaintexts beyond 2^36 bytes.
            throw .tooLong(limit: 1 << 36)
        }
    }

    /// Opens a value that was sealed for this place.
    public func open(_ sealed: SealedValue, for context: SealingContext) throws(SealingError) -> [UInt8] {
        guard let version = UInt32(exactly: sealed.keyVersion) else { throw .malformed }
        let associatedData = context.associatedData(keyVersion: version)
        let keys = try self.keys(version: sealed.keyVersion, salt: Array(sealed.salt), associatedData: associatedData)
        // `==` of `SymmetricKey` is swift-crypto's constant-time comparison.
        guard keys.commitment == SymmetricKey(data: Array(sealed.commitment)) else { throw .refused }
        do {
            let box = try AES.GCM.SealedBox(combined: Array(sealed.box))
            return Array(try AES.GCM.open(box, using: keys.record, authenticating: associatedData))
        } catch {
            throw .refused
        }
    }

    /// Seals a value again with the current version of the key; nil when it already is.
    public func rewrap(_ sealed: SealedValue, for context: SealingContext) throws(SealingError) -> SealedValue? {
        guard sealed.keyVersion != self.keyring.currentVersion(of: .seal) else { return nil }
        return try self.seal(self.open(sealed, for: context), for: context)
    }

    private func keys(
        version: Int,
        salt: [UInt8],
        associatedData: [UInt8]
    ) throws(SealingError) -> (record: SymmetricKey, commitment: SymmetricKey) {
        guard let sealKey = self.keyring.key(for: .seal, version: version) else { throw .unknownKeyVersion(version) }
        let extracted = HKDF<SHA256>.extract(inputKeyMaterial: sealKey, salt: salt)
        return (
            HKDF<SHA256>.expand(pseudoRandomKey: extracted, info: Array("record".utf8), outputByteCount: 32),
            HKDF<SHA256>.expand(
                pseudoRandomKey: extracted,
                info: Array("commit".utf8) + associatedData,
                outputByteCount: SealedValue.commitmentLength
            )
        )
    }
}
