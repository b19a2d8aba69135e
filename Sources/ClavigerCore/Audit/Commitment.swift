import Crypto

/// What stands for a personal value in the audit log: it says nothing of the value, and fits no other.
///
/// HMAC-SHA256 of the value under the random salt of its subject. Whoever has value and salt can show that they belong
/// to it; when the salt is gone, nobody can tell any more what it stood for.
public struct Commitment: Hashable, Sendable {
    /// The number of bytes.
    public static let length = 32

    /// The bytes.
    public let bytes: [UInt8]

    /// Takes the 32 bytes of a commitment.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    /// Commits to the value of a field.
    ///
    /// The field takes part, so that equal values of different fields cannot be told to be equal.
    public init(to value: JSON, of field: String, salt: Salt) {
        self.init(toCanonical: value.canonical(), of: field, salt: salt)
    }

    /// The same, of a value in its canonical form (RFC 8785).
    public init(toCanonical value: [UInt8], of field: String, salt: Salt) {
        var hmac = HMAC<SHA256>(key: salt.key)
        hmac.update(data: Array("claviger/audit-commitment/v1\n\(field)\n".utf8))
        hmac.update(data: value)
        self.bytes = Array(hmac.finalize())
    }

    /// Reads the form that ``json`` has.
    public init?(json: JSON) {
        guard case .object(let object) = json, object.members.count == 1, let text = object["commitment"]?.string,
            let bytes = Base64URL.decode(text)
        else { return nil }
        self.init(bytes: bytes)
    }

    /// As it stands in a leaf in the place of the value: base64url without padding (RFC 4648, section 5).
    public var json: JSON { ["commitment": .string(self.text)] }

    /// The 43 characters.
    public var text: String { Base64URL.encode(self.bytes) }

    /// The salt of everything that is personal to one subject.
    public struct Salt: Hashable, Sendable {
        /// The number of bytes.
        public static let length = 32

        /// The bytes.
        public let bytes: [UInt8]
        fileprivate let key: SymmetricKey

        /// Takes the 32 bytes of a salt.
        public init?(bytes: [UInt8]) {
            guard bytes.count == Self.length else { return nil }
            self.bytes = bytes
            self.key = SymmetricKey(data: bytes)
        }

        /// Makes a salt.
        public init(from random: any RandomSource) {
            self.bytes = random.bytes(Self.length)
            self.key = SymmetricKey(data: self.bytes)
        }

        /// Salts are equal when their bytes are.
        public static func == (lhs: Self, rhs: Self) -> Bool { lhs.bytes == rhs.bytes }

        /// Takes in the bytes.
        public func hash(into hasher: inout Hasher) { hasher.combine(self.bytes) }
    }
}

// With its salt a commitment to a value that can be guessed is no secret.
extension Commitment.Salt: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String { "Commitment.Salt(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Whom a personal value is about, and so with whom it can be erased.
public enum PersonalSubject: Hashable, Sendable {
    /// A consumer.
    case consumer(Consumer.ID)
    /// Nobody in particular: such values stay.
    case workspace(Workspace.ID)

    /// The id as text.
    public var text: String {
        switch self {
        case .consumer(let id): id.text
        case .workspace(let id): id.text
        }
    }
}
