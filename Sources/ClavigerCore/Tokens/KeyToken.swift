/// Why bytes are not a token.
///
/// It says nothing about whether a key exists.
public enum KeyTokenError: Error, Hashable, Sendable {
    /// Not `<prefix>_<tag>_` and 61 base62 characters.
    case malformed
    /// The shape is right, the checksum is not: a typing error, a truncated copy or noise.
    case wrongChecksum
}

/// The plaintext that a client sends: `<prefix>_<tag>_<lookup id><secret><checksum>`.
///
/// 12 characters of lookup id, 43 of secret (256 bits from the system's generator) and 6 of CRC-32 over everything
/// before it, all base62. The checksum rejects typing errors and lets scanners recognise a token; it is no security
/// check.
///
/// The value redacts itself. ``withPlaintext(_:)`` is the one door.
public struct KeyToken: Sendable {
    /// Characters of base62 that carry the 256 secret bits.
    static let secretLength = 43
    static let checksumLength = 6
    static let bodyLength = LookupID.length + Self.secretLength + Self.checksumLength
    /// The longest a token can be: prefix and tag of 16, two underscores and the body.
    static let longest = 16 + 1 + 16 + 1 + Self.bodyLength

    private let characters: [UInt8]
    private let bodyStart: Int
    /// The public part, which names the credential.
    public let lookupID: LookupID

    /// Reads a token and checks its checksum.
    ///
    /// Accepts the `secret-token:` URI form of RFC 8959.
    public init(parsing text: String) throws(KeyTokenError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads a token from bytes.
    public init(parsing bytes: [UInt8]) throws(KeyTokenError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(KeyTokenError) in
            try KeyToken(parsing: buffer)
        }
    }

    /// Reads a token from a buffer.
    public init(parsing buffer: UnsafeBufferPointer<UInt8>) throws(KeyTokenError) {
        var bytes = buffer[...]
        // RFC 8959: the URI scheme `secret-token` marks a bearer token for scanners.
        let scheme: StaticString = "secret-token:"
        if bytes.starts(with: UnsafeBufferPointer(start: scheme.utf8Start, count: 13)) {
            bytes = bytes.dropFirst(13)
        }
        guard (Self.bodyLength + 5...Self.longest).contains(bytes.count) else { throw .malformed }
        let bodyStart = bytes.endIndex - Self.bodyLength
        let head = bytes[..<bodyStart]
        guard
            head.last == UInt8(ascii: "_"),
            let separator = head.firstIndex(of: UInt8(ascii: "_")), separator < bodyStart - 1,
            TokenPrefix.isWord(head[..<separator], length: 2...16),
            TokenPrefix.isWord(head[(separator + 1)..<(bodyStart - 1)], length: 1...16),
            Base62.contains(bytes[bodyStart...]),
            let lookupID = LookupID(bytes[bodyStart..<(bodyStart + LookupID.length)])
        else { throw .malformed }
        let checksumStart = bytes.endIndex - Self.checksumLength
        guard Base62.number(bytes[checksumStart...], as: UInt64.self) == UInt64(CRC32.checksum(bytes[..<checksumStart]))
        else { throw .wrongChecksum }
        self.characters = Array(bytes)
        self.bodyStart = self.characters.count - Self.bodyLength
        self.lookupID = lookupID
    }

    /// Makes a new token with 256 secret bits and a fresh lookup id.
    public init(prefix: TokenPrefix, tag: TokenTag, from random: any RandomSource) {
        var characters = Array("\(prefix.text)_\(tag.text)_".utf8)
        let lookup = Self.lookupCharacters(from: random)
        characters.append(contentsOf: lookup)
        characters.append(contentsOf: Base62.encode(random.bytes(32), width: Self.secretLength))
        let checksum = CRC32.checksum(characters)
        characters.append(contentsOf: Base62.digits(of: checksum, width: Self.checksumLength))
        guard let lookupID = LookupID(lookup) else { preconditionFailure("base62 digits are base62") }
        self.characters = characters
        self.bodyStart = characters.count - Self.bodyLength
        self.lookupID = lookupID
    }

    /// The token up to and with its lookup id, which is public: `acme_live_4Zq…`.
    public var publicStart: String {
        String(decoding: self.characters[..<(self.bodyStart + LookupID.length)], as: UTF8.self)
    }

    /// The one door to the plaintext.
    ///
    /// The files that may open it are on a checked list.
    @_spi(Plaintext)
    public func withPlaintext<T>(_ body: ([UInt8]) throws -> T) rethrows -> T {
        try body(self.characters)
    }

    /// The bytes for the hasher in this module.
    var bytes: [UInt8] { self.characters }

    /// 12 uniform base62 characters: bytes of 248 and more are dropped, as 248 is the largest multiple of 62.
    private static func lookupCharacters(from random: any RandomSource) -> [UInt8] {
        var characters: [UInt8] = []
        while characters.count < LookupID.length {
            let digits = random.bytes(16).filter { $0 < 248 }.map { Base62.character($0 % 62) }
            characters.append(contentsOf: digits.prefix(LookupID.length - characters.count))
        }
        return characters
    }
}

// Without all three, printing, interpolating, reflecting or dumping a token would show it.
extension KeyToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "KeyToken(\(self.publicStart)…)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
