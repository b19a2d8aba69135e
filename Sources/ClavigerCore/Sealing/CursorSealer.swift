import Crypto

/// Seals pagination cursors: short texts that a client can neither read, nor change, nor use on another list.
///
/// AES-256-GCM under the purpose key `cursor`; the text is base64url without padding of format (1 byte), key version
/// (4 bytes, big-endian), nonce (12), ciphertext and tag (16). Nonces are random, so a key version is good for 2^32
/// cursors (NIST SP 800-38D, section 8.3); older versions stay readable, so rotation breaks no list that is being read.
public struct CursorSealer: Sendable {
    /// The longest text of a cursor, in characters.
    public static let longestText = 512
    /// The most bytes that a cursor can carry.
    public static let longestPayload = Self.longestText / 4 * 3 - Self.headerLength - 12 - 16

    private static let format: UInt8 = 1
    private static let headerLength = 5

    private let keyring: Keyring
    private let random: any RandomSource

    /// Makes a sealer.
    ///
    /// Make a new one when the keyring is swapped.
    public init(keyring: Keyring, random: any RandomSource) {
        self.keyring = keyring
        self.random = random
    }

    /// Seals where a list was left.
    ///
    /// - Parameters:
    ///   - payload: At most ``longestPayload`` bytes.
    ///   - binding: The list that the cursor is for: its name, the workspace and a digest of the filters.
    public func seal(_ payload: [UInt8], binding: String) throws(SealingError) -> String {
        guard payload.count <= Self.longestPayload else { throw .tooLong(limit: Self.longestPayload) }
        let version = self.keyring.currentVersion(of: .cursor)
        guard let key = self.keyring.key(for: .cursor, version: version) else { throw .unknownKeyVersion(version) }
        let header = [Self.format] + bigEndian(UInt32(version))
        do {
            let nonce = try AES.GCM.Nonce(data: self.random.bytes(12))
            let box = try AES.GCM.seal(
                payload,
                using: key,
                nonce: nonce,
                authenticating: Self.associatedData(header: header, binding: binding)
            )
            return Base64URL.encode(header + Array(nonce) + Array(box.ciphertext) + Array(box.tag))
        } catch {
            // AES-GCM refuses only plaintexts beyond 2^36 bytes.
            throw .tooLong(limit: Self.longestPayload)
        }
    }

    /// Opens a cursor that was sealed for this list.
    public func open(_ text: String, binding: String) throws(SealingError) -> [UInt8] {
        // The length comes first: nothing of what a client sends is decoded beyond it.
        guard text.utf8.count <= Self.longestText, let bytes = Base64URL.decode(text),
            bytes.count >= Self.headerLength + 12 + 16
        else { throw .malformed }
        guard bytes[0] == Self.format else { throw .unknownFormat(bytes[0]) }
        let header = bytes[..<Self.headerLength]
        let version = header.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        guard let key = self.keyring.key(for: .cursor, version: version) else { throw .unknownKeyVersion(version) }
        do {
            let box = try AES.GCM.SealedBox(combined: Array(bytes[Self.headerLength...]))
            let associatedData = Self.associatedData(header: Array(header), binding: binding)
            return Array(try AES.GCM.open(box, using: key, authenticating: associatedData))
        } catch {
            throw .refused
        }
    }

    private static func associatedData(header: [UInt8], binding: String) -> [UInt8] {
        var data = LengthPrefixed()
        data.append("claviger/cursor/v1".utf8)
        data.append(header)
        data.append(binding.utf8)
        return data.bytes
    }
}
