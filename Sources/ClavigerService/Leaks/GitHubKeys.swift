public import ClavigerCore
import Crypto
public import Logging

/// Where the list of GitHub's public keys comes from.
///
/// What it gives is bounded in size and in time; who it comes from is the transport's to prove.
public protocol GitHubKeySource: Sendable {
    /// The list as GitHub publishes it, as JSON.
    func publicKeys() async throws -> [UInt8]
}

/// The keys that GitHub signs its reports of leaked secrets with, fetched when they are needed and kept.
///
/// A report names its key. One that is not known has the list fetched again, at most once a minute, as anybody can send
/// names. While the list cannot be fetched, what is known is good for a day.
public actor GitHubKeys {
    /// How long the list is kept before it is fetched again.
    static let lifetime = Duration.seconds(3600)
    /// How long it is used when it cannot be fetched again.
    static let longestLife = Duration.seconds(24 * 3600)
    /// The least time between two fetches.
    static let pause = Duration.seconds(60)
    private static let mostKeys = 64

    private let source: any GitHubKeySource
    private let time: any TimeSource
    private let logger: Logger
    private var keys: [String: P256.Signing.PublicKey] = [:]
    private var fetchedAt: Uptime?
    private var triedAt: Uptime?
    /// The fetch that is under way; whoever comes meanwhile waits for it too.
    private var fetching: Task<Void, Never>?

    /// Makes a collection that knows no key yet.
    public init(source: any GitHubKeySource, time: any TimeSource, logger: Logger) {
        self.source = source
        self.time = time
        self.logger = logger
    }

    /// Whether GitHub signed these bytes with the key that it names.
    ///
    /// - Parameters:
    ///   - signature: ECDSA over SHA-256 with P-256, DER-encoded.
    ///   - identifier: GitHub's name for the key.
    /// - Throws: a ``Problem`` when no list of keys can be had.
    public func isSigned(_ body: [UInt8], _ signature: [UInt8], keyIdentifier identifier: String) async throws -> Bool {
        guard let key = try await self.key(identifier),
            let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: body)
    }

    private func key(_ identifier: String) async throws -> P256.Signing.PublicKey? {
        if self.keys[identifier] == nil || !self.isYounger(than: Self.lifetime) { await self.fetch() }
        guard self.isYounger(than: Self.longestLife) else {
            throw Problem(.unavailable, "GitHub's public keys cannot be fetched now. Nothing was done; send it again.")
        }
        return self.keys[identifier]
    }

    private func isYounger(than age: Duration) -> Bool {
        self.fetchedAt.map { self.time.uptime() - $0 < age } ?? false
    }

    private func fetch() async {
        if let fetching { return await fetching.value }
        let now = self.time.uptime()
        if let triedAt, now - triedAt < Self.pause { return }
        self.triedAt = now
        // Its own task: a sender who goes away must not end what others wait for.
        let task = Task { await self.load() }
        self.fetching = task
        await task.value
        self.fetching = nil
    }

    private func load() async {
        do {
            self.keys = try Self.parse(try await self.source.publicKeys())
            self.fetchedAt = self.time.uptime()
        } catch {
            // Only the type: a description may have anything in it.
            self.logger.error("GitHub's public keys were not fetched", metadata: ["type": "\(type(of: error))"])
        }
    }

    /// Why a list of keys is of no use.
    struct Unusable: Error {}

    /// Reads `{"public_keys": [{"key_identifier", "key", "is_current"}]}`; members that are not known do not matter,
    /// and keys of another kind than P-256 are left out.
    static func parse(_ bytes: [UInt8]) throws -> [String: P256.Signing.PublicKey] {
        guard let list = try JSON.parse(bytes)["public_keys"]?.array, list.count <= Self.mostKeys else {
            throw Unusable()
        }
        var keys: [String: P256.Signing.PublicKey] = [:]
        for element in list {
            guard let identifier = element["key_identifier"]?.string, let text = element["key"]?.string,
                let key = try? P256.Signing.PublicKey(pemRepresentation: text)
            else { continue }
            keys[identifier] = key
        }
        guard !keys.isEmpty else { throw Unusable() }
        return keys
    }
}
