public import ClavigerCore
public import ClavigerVerifier
import Crypto
import CryptoExtras

/// Computes the slow hashes of other systems, with swift-crypto and the system's libraries.
public struct SystemSlowHasher: SlowHasher {
    /// Makes a hasher.
    public init() {}

    /// The hash of `bytes`; nil for bytes that this hash does not take.
    public func hash(_ bytes: [UInt8], _ hash: SlowHash) throws -> [UInt8]? {
        switch hash {
        case .pbkdf2(let function, let rounds, let salt, let length):
            try KDF.Insecure.PBKDF2.deriveKey(
                from: bytes,
                salt: salt,
                using: Self.function(function),
                outputByteCount: length,
                unsafeUncheckedRounds: rounds
            ).withUnsafeBytes { Array($0) }
        case .scrypt(let cost, let salt, let length):
            try KDF.Scrypt.deriveKey(
                from: bytes,
                salt: salt,
                outputByteCount: length,
                rounds: cost.cost,
                blockSize: cost.blockSize,
                parallelism: cost.parallelism
            ).withUnsafeBytes { Array($0) }
        case .bcrypt(let setting, let isPrehashed):
            try Bcrypt.hash(isPrehashed ? Self.hexadecimalSHA256(of: bytes) : bytes, setting: setting)
        case .argon2(let cost, let salt, let length):
            try Argon2.hash(bytes, cost, salt: salt, length: length)
        }
    }

    private static func function(_ function: SlowHash.PBKDF2Function) -> KDF.Insecure.PBKDF2.HashFunction {
        switch function {
        case .sha1: .insecureSHA1
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    /// What Django's `bcrypt_sha256` hands to bcrypt.
    private static func hexadecimalSHA256(of bytes: [UInt8]) -> [UInt8] {
        Array(Hexadecimal.text(SHA256.hash(data: bytes)).utf8)
    }
}

/// A slow hash could not be computed now; it is no word about the token.
struct SlowHashFailure: Error {
    /// The library, and the number that it gave.
    let library: String
    let code: Int32
}
