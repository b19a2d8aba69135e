/// What another system did to a token before it stored it; without the result.
///
/// Every cost is bounded, as whoever imports says how much work each later guess makes here.
public enum ForeignScheme: Hashable, Sendable {
    case fast(FastHash)
    case slow(SlowHash)
}

/// A hash that is made to take long, with its salt and cost.
public enum SlowHash: Hashable, Sendable {
    /// RFC 8018, with the hash functions that other systems use.
    case pbkdf2(PBKDF2Function, rounds: Int, salt: [UInt8], length: Int)
    /// RFC 7914.
    case scrypt(ScryptParameters, salt: [UInt8], length: Int)
    /// The setting is `$2b$12$` and 22 characters of salt; Django's `bcrypt_sha256` hashes the SHA-256 in hexadecimal.
    case bcrypt(setting: String, isPrehashed: Bool)
    /// RFC 9106.
    case argon2(Argon2Parameters, salt: [UInt8], length: Int)

    /// The hash functions of PBKDF2.
    public enum PBKDF2Function: String, CaseIterable, Sendable {
        case sha1, sha256, sha512
    }

    static let mostRounds = 2_000_000
    static let saltLengths = 1...128
    static let lengths = 16...128
    static let mostScryptMemory = 64 << 20
    static let mostScryptWork = 320 << 20
    static let bcryptCosts = 4...14
}

/// How much work and memory Argon2 spends.
public struct Argon2Parameters: Hashable, Sendable {
    /// The variants that are taken.
    public enum Variant: String, CaseIterable, Sendable {
        case argon2id, argon2i
    }

    static let mostMemory = 128 * 1024
    static let mostPasses = 16
    static let mostLanes = 16

    /// The variant.
    public let variant: Variant
    /// 19 (1.3) or 16 (1.0).
    public let version: Int
    /// In KiB.
    public let memory: Int
    /// How many times the memory is gone through.
    public let passes: Int
    /// The degree of parallelism, which is part of the result.
    public let lanes: Int

    /// Takes parameters within the bounds.
    init(_ variant: Variant, version: Int, memory: Int, passes: Int, lanes: Int) throws(FieldError) {
        guard version == 19 || version == 16 else { throw FieldError("must be Argon2 of version 19 or 16") }
        guard (1...Self.mostPasses).contains(passes), (1...Self.mostLanes).contains(lanes),
            (8 * lanes...Self.mostMemory).contains(memory)
        else {
            throw FieldError(
                """
                costs too much or too little: Argon2 is taken with at most \(Self.mostMemory / 1024) MiB, \
                \(Self.mostPasses) passes and \(Self.mostLanes) lanes
                """
            )
        }
        self.variant = variant
        self.version = version
        self.memory = memory
        self.passes = passes
        self.lanes = lanes
    }
}

extension ForeignScheme {
    /// The scheme in one form, to be stored.
    public var text: String {
        switch self {
        case .fast(let hash): hash.rawValue
        case .slow(.pbkdf2(let function, let rounds, let salt, let length)):
            "pbkdf2 \(function.rawValue) \(rounds) \(Hexadecimal.text(salt)) \(length)"
        case .slow(.scrypt(let cost, let salt, let length)):
            "scrypt \(cost.cost) \(cost.blockSize) \(cost.parallelism) \(Hexadecimal.text(salt)) \(length)"
        case .slow(.bcrypt(let setting, let isPrehashed)): "bcrypt \(isPrehashed ? "sha256" : "token") \(setting)"
        case .slow(.argon2(let cost, let salt, let length)):
            """
            \(cost.variant.rawValue) \(cost.version) \(cost.memory) \(cost.passes) \(cost.lanes) \
            \(Hexadecimal.text(salt)) \(length)
            """
        }
    }

    /// Reads the form that ``text`` gives, within the bounds; nil for anything else.
    public init?(text: String) {
        if let fast = FastHash(rawValue: text) {
            self = .fast(fast)
            return
        }
        let words = text.split(separator: " ").map(String.init)
        let numbers = words.map { Int($0) ?? -1 }
        do {
            switch (words.first ?? "", words.count) {
            case ("pbkdf2", 5):
                guard let function = SlowHash.PBKDF2Function(rawValue: words[1]), let salt = Hexadecimal.bytes(words[3])
                else { return nil }
                self = .slow(try .makePBKDF2(function, numbers[2], salt, numbers[4]))
            case ("scrypt", 6):
                guard let salt = Hexadecimal.bytes(words[4]) else { return nil }
                self = .slow(try .makeScrypt(numbers[1], numbers[2], numbers[3], salt, numbers[5]))
            case ("bcrypt", 3):
                self = .slow(try .makeBcrypt(words[2], isPrehashed: words[1] == "sha256"))
            case ("argon2id", 7), ("argon2i", 7):
                guard let variant = Argon2Parameters.Variant(rawValue: words[0]), let salt = Hexadecimal.bytes(words[5])
                else { return nil }
                let cost = try Argon2Parameters(
                    variant,
                    version: numbers[1],
                    memory: numbers[2],
                    passes: numbers[3],
                    lanes: numbers[4]
                )
                self = .slow(try .makeArgon2(cost, salt, numbers[6]))
            default: return nil
            }
        } catch {
            return nil
        }
    }
}

extension SlowHash {
    /// PBKDF2 within the bounds.
    static func makePBKDF2(
        _ function: PBKDF2Function,
        _ rounds: Int,
        _ salt: [UInt8],
        _ length: Int
    ) throws(FieldError) -> SlowHash {
        guard (1...Self.mostRounds).contains(rounds) else {
            throw FieldError("costs too much: PBKDF2 is taken with at most \(Self.mostRounds) rounds")
        }
        try Self.check(salt, length)
        return .pbkdf2(function, rounds: rounds, salt: salt, length: length)
    }

    /// scrypt within the bounds.
    static func makeScrypt(
        _ cost: Int,
        _ blockSize: Int,
        _ parallelism: Int,
        _ salt: [UInt8],
        _ length: Int
    ) throws(FieldError) -> SlowHash {
        guard let parameters = try? ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism),
            128 * cost * blockSize <= Self.mostScryptMemory,
            128 * cost * blockSize * parallelism <= Self.mostScryptWork
        else {
            throw FieldError(
                """
                costs too much: scrypt is taken with at most \(Self.mostScryptMemory >> 20) MiB, r and p at most 16, \
                and \(Self.mostScryptWork >> 20) MiB times p
                """
            )
        }
        try Self.check(salt, length)
        return .scrypt(parameters, salt: salt, length: length)
    }

    /// bcrypt within the bounds; the setting is the beginning of the stored hash.
    static func makeBcrypt(_ setting: String, isPrehashed: Bool) throws(FieldError) -> SlowHash {
        let bytes = Array(setting.utf8)
        guard bytes.count == 29, bytes.starts(with: "$2".utf8), "aby".utf8.contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), bytes[7...].allSatisfy(Self.isBcrypt)
        else { throw FieldError("is no bcrypt hash of the kinds $2a$, $2b$ and $2y$") }
        guard Self.bcryptCosts.contains(cost) else {
            throw FieldError("costs too much: bcrypt is taken with a cost of 4 to \(Self.bcryptCosts.upperBound)")
        }
        return .bcrypt(setting: setting, isPrehashed: isPrehashed)
    }

    /// Argon2 with parameters that have been checked.
    static func makeArgon2(_ cost: Argon2Parameters, _ salt: [UInt8], _ length: Int) throws(FieldError) -> SlowHash {
        guard salt.count >= 8 else { throw FieldError("has a salt of less than 8 bytes, which Argon2 does not take") }
        try Self.check(salt, length)
        return .argon2(cost, salt: salt, length: length)
    }

    /// Whether a byte is of bcrypt's own base64.
    static func isBcrypt(_ byte: UInt8) -> Bool {
        Base62.value(of: byte) != nil || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
    }

    private static func check(_ salt: [UInt8], _ length: Int) throws(FieldError) {
        guard Self.saltLengths.contains(salt.count) else {
            throw FieldError(
                "must have a salt of \(Self.saltLengths.lowerBound) to \(Self.saltLengths.upperBound) bytes"
            )
        }
        guard Self.lengths.contains(length) else {
            throw FieldError("must have \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) bytes of hash")
        }
    }
}
