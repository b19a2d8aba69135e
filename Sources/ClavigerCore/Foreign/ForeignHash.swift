/// A hash that another system stored: what was done to the token, and what came of it.
///
/// Redacts itself: the hash of a token that can be guessed gives the token away.
public struct ForeignHash: Sendable {
    /// What was done.
    public let scheme: ForeignScheme
    /// What came of it; of bcrypt the 31 characters behind the salt.
    public let result: [UInt8]

    init(_ scheme: ForeignScheme, _ result: [UInt8]) {
        self.scheme = scheme
        self.result = result
    }

    /// Reads a fast hash: hexadecimal digits or base64 of the right number of bytes.
    public init(_ hash: FastHash, parsing text: String) throws(FieldError) {
        let bytes = text.utf8.count == 2 * hash.length ? Hexadecimal.bytes(text) : Base64Text.decode(text)
        guard let bytes, bytes.count == hash.length else {
            throw FieldError("must be \(hash.length) bytes of \(hash.rawValue), as hexadecimal digits or base64")
        }
        self.init(.fast(hash), bytes)
    }

    /// Reads a hash that says by itself what it is: PHC strings, the modular crypt format, and what Django, Django REST
    /// Framework API Key, passlib and Werkzeug write.
    public init(parsing text: String) throws(FieldError) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        let name = parts.first ?? ""
        if name.isEmpty, parts.count > 1 {
            self = try Self.modular(parts, text)
        } else if name.contains(":") {
            self = try Self.werkzeug(parts)
        } else {
            self = try Self.django(name, parts, text)
        }
    }

    private static let unknown = FieldError(
        """
        is no hash of a kind that is known: pbkdf2, scrypt, bcrypt, argon2id, argon2i, or with the setting of hashes \
        sha256, sha512, hmac-sha256
        """
    )

    /// Reads `$name$…`.
    private static func modular(_ parts: [String], _ text: String) throws(FieldError) -> ForeignHash {
        switch (parts[1], parts.count) {
        case ("2a", 4), ("2b", 4), ("2y", 4): return try Self.bcrypt(text, isPrehashed: false)
        case ("argon2id", 6), ("argon2i", 6): return try Self.argon2(Array(parts[1...]))
        case ("argon2d", _): throw FieldError("is of argon2d, which is not taken; argon2id and argon2i are")
        case ("pbkdf2", 5): return try Self.pbkdf2(.sha1, parts[2], try Self.bytes(parts[3]), try Self.bytes(parts[4]))
        case ("pbkdf2-sha256", 5):
            return try Self.pbkdf2(.sha256, parts[2], try Self.bytes(parts[3]), try Self.bytes(parts[4]))
        case ("pbkdf2-sha512", 5):
            return try Self.pbkdf2(.sha512, parts[2], try Self.bytes(parts[3]), try Self.bytes(parts[4]))
        case ("scrypt", 5):
            let cost = try Self.parameters(parts[2], ["ln", "r", "p"])
            guard (1...22).contains(cost[0]) else { throw Self.unreadable }
            return try Self.scrypt(1 << cost[0], cost[1], cost[2], try Self.bytes(parts[3]), try Self.bytes(parts[4]))
        default: throw Self.unknown
        }
    }

    /// Reads `name$…`.
    private static func django(_ name: String, _ parts: [String], _ text: String) throws(FieldError) -> ForeignHash {
        switch (name, parts.count) {
        case ("pbkdf2_sha256", 4):
            return try Self.pbkdf2(.sha256, parts[1], Array(parts[2].utf8), try Self.bytes(parts[3]))
        case ("pbkdf2_sha1", 4):
            return try Self.pbkdf2(.sha1, parts[1], Array(parts[2].utf8), try Self.bytes(parts[3]))
        case ("scrypt", 6):
            return try Self.scrypt(
                try Self.number(parts[1]),
                try Self.number(parts[3]),
                try Self.number(parts[4]),
                Array(parts[2].utf8),
                try Self.bytes(parts[5])
            )
        case ("argon2", 6): return try Self.argon2(Array(parts[1...]))
        case ("bcrypt", _): return try Self.bcrypt(String(text.dropFirst(7)), isPrehashed: false)
        case ("bcrypt_sha256", _): return try Self.bcrypt(String(text.dropFirst(14)), isPrehashed: true)
        // Django REST Framework API Key 3: no salt.
        case ("sha512", 3) where parts[1].isEmpty: return try ForeignHash(.sha512, parsing: parts[2])
        default: throw Self.unknown
        }
    }

    /// Reads `scrypt:32768:8:1$salt$hex`.
    private static func werkzeug(_ parts: [String]) throws(FieldError) -> ForeignHash {
        let method = parts[0].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let hash = Hexadecimal.bytes(parts[2]) else { throw Self.unknown }
        let salt = Array(parts[1].utf8)
        switch (method[0], method.count) {
        case ("scrypt", 4):
            return try Self.scrypt(
                try Self.number(method[1]),
                try Self.number(method[2]),
                try Self.number(method[3]),
                salt,
                hash
            )
        case ("pbkdf2", 3):
            guard let function = SlowHash.PBKDF2Function(rawValue: method[1]) else { throw Self.unknown }
            return try Self.pbkdf2(function, method[2], salt, hash)
        default: throw Self.unknown
        }
    }

    private static func pbkdf2(
        _ function: SlowHash.PBKDF2Function,
        _ rounds: String,
        _ salt: [UInt8],
        _ hash: [UInt8]
    ) throws(FieldError) -> ForeignHash {
        ForeignHash(.slow(try .makePBKDF2(function, try Self.number(rounds), salt, hash.count)), hash)
    }

    private static func scrypt(
        _ cost: Int,
        _ blockSize: Int,
        _ parallelism: Int,
        _ salt: [UInt8],
        _ hash: [UInt8]
    ) throws(FieldError) -> ForeignHash {
        ForeignHash(.slow(try .makeScrypt(cost, blockSize, parallelism, salt, hash.count)), hash)
    }

    private static func bcrypt(_ text: String, isPrehashed: Bool) throws(FieldError) -> ForeignHash {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, bytes[29...].allSatisfy(SlowHash.isBcrypt) else { throw Self.unreadable }
        let setting = String(decoding: bytes[..<29], as: UTF8.self)
        return ForeignHash(.slow(try .makeBcrypt(setting, isPrehashed: isPrehashed)), Array(bytes[29...]))
    }

    /// `argon2id`, `v=19`, `m=65536,t=3,p=4`, salt, hash.
    private static func argon2(_ parts: [String]) throws(FieldError) -> ForeignHash {
        guard let variant = Argon2Parameters.Variant(rawValue: parts[0]) else { throw Self.unknown }
        let version = try Self.parameters(parts[1], ["v"])[0]
        let cost = try Self.parameters(parts[2], ["m", "t", "p"])
        let parameters = try Argon2Parameters(
            variant,
            version: version,
            memory: cost[0],
            passes: cost[1],
            lanes: cost[2]
        )
        let hash = try Self.bytes(parts[4])
        return ForeignHash(.slow(try .makeArgon2(parameters, try Self.bytes(parts[3]), hash.count)), hash)
    }

    private static let unreadable = FieldError("is not a whole hash of the kind that it says")

    private static func number(_ text: String) throws(FieldError) -> Int {
        guard (1...9).contains(text.utf8.count), let number = Int(text), number > 0 else { throw Self.unreadable }
        return number
    }

    private static func bytes(_ text: String) throws(FieldError) -> [UInt8] {
        guard text.utf8.count <= 1024, let bytes = Base64Text.decode(text) else { throw Self.unreadable }
        return bytes
    }

    /// The numbers of `m=65536,t=3,p=4`, which have to come in this order.
    private static func parameters(_ text: String, _ names: [String]) throws(FieldError) -> [Int] {
        let pairs = text.split(separator: ",", omittingEmptySubsequences: false)
        guard pairs.count == names.count else { throw Self.unreadable }
        var numbers: [Int] = []
        for (pair, name) in zip(pairs, names) {
            guard pair.hasPrefix("\(name)=") else { throw Self.unreadable }
            numbers.append(try Self.number(String(pair.dropFirst(name.count + 1))))
        }
        return numbers
    }
}

extension ForeignHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "ForeignHash(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
