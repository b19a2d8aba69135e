package import Crypto

/// Makes the lookup ids of foreign tokens.
///
/// Under a key of its own: a lookup id is public, and without the key it would tell whether a guess at a token, or at a
/// hash, is right.
public struct ForeignFinder: Sendable {
    private let started: HMAC<SHA256>

    /// Takes the key, which never changes: the ids are stored.
    package init(key: SymmetricKey) {
        let code = HMAC<SHA256>.authenticationCode(for: Array("claviger foreign lookup".utf8), using: key)
        self.started = HMAC(key: SymmetricKey(data: Array(code)))
    }

    /// The lookup id for what a rule looks for.
    func lookupID(_ rule: ForeignRule, _ sought: some Sequence<UInt8>) -> LookupID {
        let code = self.code("lookup", rule.text, Array(sought))
        let number = code.prefix(16).reduce(0 as UInt128) { $0 << 8 | UInt128($1) }
        guard let id = LookupID(Base62.digits(of: number, width: LookupID.length)) else {
            preconditionFailure("base62 digits are base62")
        }
        return id
    }

    /// A name that tells one HMAC key from another and says nothing of it.
    public func name(of key: [UInt8]) -> String {
        Hexadecimal.text(self.code("key", "", key).prefix(8))
    }

    /// The end of each part is marked by a byte that the first two cannot have.
    private func code(_ use: String, _ text: String, _ bytes: [UInt8]) -> [UInt8] {
        var hmac = self.started
        hmac.update(data: Array("\(use)\0\(text)\0".utf8))
        hmac.update(data: bytes)
        return Array(hmac.finalize())
    }
}

/// A rule that is in use, with the HMAC key that it needs.
public struct ActiveForeignRule: Sendable {
    /// The rule.
    public let rule: ForeignRule
    private let key: SymmetricKey?

    /// Takes a rule; a key where the rule names one.
    public init(_ rule: ForeignRule, hmacKey: [UInt8]? = nil) {
        self.rule = rule
        self.key = hmacKey.map { SymmetricKey(data: $0) }
    }

    /// The lookup id of the credential that a token has by this rule; nil if the rule is not for such tokens.
    public func lookupID(of token: ForeignToken, _ finder: ForeignFinder) -> LookupID? {
        switch self.rule.finding {
        case .whole(let hash): self.hash(token.bytes, hash).map { finder.lookupID(self.rule, $0) }
        case .part(let pattern, _): pattern.split(token.bytes).map { finder.lookupID(self.rule, $0.id) }
        }
    }

    /// The lookup id that tokens with this hash have by this rule; nil if another is needed.
    public func lookupID(of hash: ForeignHash, id: [UInt8]?, _ finder: ForeignFinder) -> LookupID? {
        switch (self.rule.finding, hash.scheme) {
        case (.whole(let sought), .fast(let found)) where sought == found:
            finder.lookupID(self.rule, hash.result)
        case (.part, _): id.map { finder.lookupID(self.rule, $0) }
        default: nil
        }
    }

    /// What the other system hashed of a token: all of it, or what stands behind the id.
    public func hashedPart(of token: ForeignToken) -> [UInt8] {
        guard case .part(let pattern, hashesRest: true) = self.rule.finding, let rest = pattern.split(token.bytes)?.rest
        else { return token.bytes }
        return Array(rest)
    }

    /// A fast hash of bytes; nil for one that needs a key which the rule does not have.
    public func hash(_ bytes: [UInt8], _ hash: FastHash) -> [UInt8]? {
        switch hash {
        case .sha256: Array(SHA256.hash(data: bytes))
        case .sha512: Array(SHA512.hash(data: bytes))
        case .hmacSHA256: self.key.map { Array(HMAC<SHA256>.authenticationCode(for: bytes, using: $0)) }
        }
    }
}

/// The rules in use, in the order in which they are tried.
public struct ForeignRules: Sendable {
    /// The most rules of a server: each is tried for every token that is not ours.
    public static let most = 16

    /// The rules; empty where nothing was imported.
    public let rules: [ActiveForeignRule]
    /// Makes the lookup ids.
    public let finder: ForeignFinder

    /// Puts rules together; those that look for the whole token come first, as they find only the right one.
    public init(_ rules: [ActiveForeignRule], _ finder: ForeignFinder) {
        let isWhole = { (rule: ActiveForeignRule) in if case .whole = rule.rule.finding { true } else { false } }
        self.rules = rules.filter(isWhole) + rules.filter { !isWhole($0) }
        self.finder = finder
    }
}
