public import ClavigerCore

/// What is said of all lines of an import.
public struct ImportSettings: Sendable {
    /// The api of the keys.
    public var api: Reference<API>
    /// The environment of the keys.
    public var environment: EnvironmentName
    /// What the import is called; one of the same name continues where it ended.
    public var name: Label?
    /// What hashes are that do not say it themselves.
    public var hash: FastHash?
    /// The key of HMAC-SHA-256.
    public var hmacKey: HMACKey?
    /// Which part of a token names its record; nil if its hash does.
    public var pattern: IDPattern?
    /// Whether only what stands behind that part was hashed.
    public var hashesRest: Bool
    /// Whether consumers are made that there are not.
    public var createsConsumers: Bool
    /// Whether nothing is to be changed.
    public var isDryRun: Bool

    /// Makes settings.
    public init(
        api: Reference<API>,
        environment: EnvironmentName,
        name: Label? = nil,
        hash: FastHash? = nil,
        hmacKey: HMACKey? = nil,
        pattern: IDPattern? = nil,
        hashesRest: Bool = false,
        createsConsumers: Bool = false,
        isDryRun: Bool = false
    ) {
        self.api = api
        self.environment = environment
        self.name = name
        self.hash = hash
        self.hmacKey = hmacKey
        self.pattern = pattern
        self.hashesRest = hashesRest
        self.createsConsumers = createsConsumers
        self.isDryRun = isDryRun
    }

    /// How a key is found whose token was imported so.
    ///
    /// - Throws: for a hash that cannot be found by these settings.
    func rule(for secret: ImportedSecret, _ finder: ForeignFinder) throws(FieldError) -> ForeignRule {
        guard case .hash(let hash, _) = secret else { return ForeignRule(.whole(.sha256)) }
        var keyName: String?
        if hash.scheme == .fast(.hmacSHA256) {
            guard let hmacKey else { throw FieldError("needs the key of HMAC-SHA-256") }
            keyName = finder.name(of: hmacKey.bytes)
        }
        if let pattern { return ForeignRule(.part(pattern, hashesRest: self.hashesRest), keyName: keyName) }
        guard case .fast(let fast) = hash.scheme else {
            throw FieldError("has a salt, so that it can only be found by a part of the token: say which with find")
        }
        return ForeignRule(.whole(fast), keyName: keyName)
    }

    /// What has to be the same when an import is continued.
    func text(_ finder: ForeignFinder) -> String {
        let parts = [
            self.hash?.rawValue, self.hmacKey.map { finder.name(of: $0.bytes) }, self.pattern?.text,
            self.hashesRest ? "rest" : "token",
        ]
        return parts.map { $0 ?? "-" }.joined(separator: " ")
    }
}

/// The key with which another system made its hashes.
public struct HMACKey: Sendable {
    /// The lengths that are taken.
    public static let lengths = 1...256

    let bytes: [UInt8]

    /// Takes a key.
    public init(_ bytes: [UInt8]) throws(FieldError) {
        guard Self.lengths.contains(bytes.count) else {
            throw FieldError("must have \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) bytes")
        }
        self.bytes = bytes
    }
}

extension HMACKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that may be shown.
    public var description: String { "HMACKey(redacted)" }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// Has no children: reflecting shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
