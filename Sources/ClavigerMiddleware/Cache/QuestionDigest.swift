import ClavigerClient
import Crypto

/// The SHA-256 digest of a token and of everything that was asked about it: what an answer is found by.
///
/// Of the token nothing else is kept.
struct QuestionDigest: Hashable, Sendable {
    private let bytes: DigestBytes

    /// - Parameter client: two clients may ask different authorities, or be allowed to see different keys.
    init(_ token: String, _ question: VerificationQuestion, client: UInt64) {
        var fields = FieldDigest()
        fields.add(token)
        fields.add(String(client))
        fields.add(question.api)
        fields.add(question.environment)
        fields.add(question.scopes)
        fields.add(question.cost.map(String.init))
        fields.add(question.context.ip)
        fields.add(question.context.method)
        fields.add(question.context.path)
        fields.add(question.context.origin)
        fields.add(question.context.referrer)
        fields.add(question.context.userAgent)
        fields.add(question.context.certificateThumbprint)
        self.bytes = fields.digest
    }
}

/// The SHA-256 digest of a token, to forget all answers about it.
struct TokenDigest: Hashable, Sendable {
    private let bytes: DigestBytes

    init(_ token: String) {
        var fields = FieldDigest()
        fields.add(token)
        self.bytes = fields.digest
    }
}

/// Digests fields so that no two lists of them are the same bytes.
private struct FieldDigest {
    private var function = SHA256()

    mutating func add(_ field: String?) {
        guard let field else {
            self.add(length: .max)
            return
        }
        self.add(length: UInt64(field.utf8.count))
        self.function.update(data: Array(field.utf8))
    }

    private mutating func add(length: UInt64) {
        withUnsafeBytes(of: length.bigEndian) { self.function.update(bufferPointer: $0) }
    }

    var digest: DigestBytes { DigestBytes(self.function.finalize()) }
}

/// The 32 bytes of a digest, which show themselves to nobody.
struct DigestBytes: Hashable, Sendable {
    private let words: SIMD4<UInt64>

    init(_ digest: SHA256Digest) {
        self.words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }
}

// swift-crypto's digests print themselves, and whoever has one can test a guess against it.
extension DigestBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "DigestBytes(redacted)" }
    var debugDescription: String { self.description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
