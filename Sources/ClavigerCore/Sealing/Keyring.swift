package import Crypto

/// Why a root key and the stored entries do not make a keyring.
public enum KeyringError: Error, Hashable, Sendable {
    /// No entry was made with this root key.
    case wrongRootKey
    /// The entries contradict themselves or each other; the text says how and carries no secret.
    case corrupt(String)
    /// These purposes have no entry, as the keyring was made before they existed, or is empty.
    case missing([KeyPurpose])
    /// The purpose has reached its highest version.
    case exhausted(KeyPurpose)
}

/// The purpose keys in all their versions, derived from the root key.
///
/// Making one proves that the root key is right, so a wrong one is found before anything is read or written with it.
/// A value: whoever rotates makes a new one and swaps it after the commit.
public struct Keyring: Sendable {
    private struct Versions: Sendable {
        var current: Int
        var keys: [Int: SymmetricKey]
    }

    private let rootKey: RootKey
    private let versions: [KeyPurpose: Versions]
    /// The entries, by purpose in the order of ``KeyPurpose``, then by version.
    public let entries: [KeyringEntry]

    /// Checks the root key against every entry and derives the keys.
    ///
    /// - Throws: ``KeyringError/wrongRootKey`` when no entry fits the root key; ``KeyringError/corrupt(_:)`` when some do
    ///   and some do not, or when the entries are impossible; ``KeyringError/missing(_:)`` when a purpose has none.
    public init(rootKey: RootKey, entries: [KeyringEntry]) throws(KeyringError) {
        try Self.check(entries, with: rootKey)
        let missing = Self.purposesMissing(in: entries)
        guard missing.isEmpty else { throw .missing(missing) }
        self.rootKey = rootKey
        self.entries = KeyPurpose.allCases.flatMap { purpose in
            entries.filter { $0.purpose == purpose }.sorted { $0.version < $1.version }
        }
        self.versions = Dictionary(grouping: entries, by: \.purpose).mapValues { entries in
            Versions(
                current: entries.map(\.version).max() ?? 0,
                keys: Dictionary(uniqueKeysWithValues: entries.map { ($0.version, $0.key(rootKey)) })
            )
        }
    }

    /// The entries of a first start: version 1 of each purpose.
    public static func initialEntries(
        rootKey: RootKey,
        at now: Timestamp,
        from random: any RandomSource
    ) -> [KeyringEntry] {
        KeyPurpose.allCases.map { KeyringEntry($0, version: 1, rootKey: rootKey, at: now, from: random) }
    }

    /// Version 1 of each purpose that the stored entries do not have, to be stored in addition.
    ///
    /// The stored entries are checked first, so a wrong root key adds nothing.
    public static func missingEntries(
        among entries: [KeyringEntry],
        rootKey: RootKey,
        at now: Timestamp,
        from random: any RandomSource
    ) throws(KeyringError) -> [KeyringEntry] {
        try Self.check(entries, with: rootKey)
        return Self.purposesMissing(in: entries).map {
            KeyringEntry($0, version: 1, rootKey: rootKey, at: now, from: random)
        }
    }

    /// The version that new values are made with.
    public func currentVersion(of purpose: KeyPurpose) -> Int {
        self[purpose].current
    }

    /// All versions that can be read, ascending.
    public func versions(of purpose: KeyPurpose) -> [Int] {
        self[purpose].keys.keys.sorted()
    }

    /// The next version of a purpose.
    ///
    /// To be stored as current, while the one before is stored as retired; then ``adding(_:)`` makes the keyring to
    /// swap in.
    public func makeNextVersion(
        of purpose: KeyPurpose,
        at now: Timestamp,
        from random: any RandomSource
    ) throws(KeyringError) -> KeyringEntry {
        let current = self.currentVersion(of: purpose)
        guard current < KeyringEntry.highestVersion else { throw .exhausted(purpose) }
        return KeyringEntry(purpose, version: current + 1, rootKey: self.rootKey, at: now, from: random)
    }

    /// The keyring after a rotation: the entry is current and those before it are retired.
    public func adding(_ entry: KeyringEntry) throws(KeyringError) -> Keyring {
        var entries = self.entries
        for index in entries.indices where entries[index].purpose == entry.purpose {
            entries[index].state = .retired
        }
        return try Keyring(rootKey: self.rootKey, entries: entries + [entry])
    }

    /// One version of a purpose key, or nil when the keyring does not have it.
    package func key(for purpose: KeyPurpose, version: Int) -> SymmetricKey? {
        self[purpose].keys[version]
    }

    /// Every version of a purpose key.
    package func keys(for purpose: KeyPurpose) -> [Int: SymmetricKey] {
        self[purpose].keys
    }

    private subscript(purpose: KeyPurpose) -> Versions {
        guard let versions = self.versions[purpose] else { preconditionFailure("a keyring has every purpose") }
        return versions
    }

    private static func purposesMissing(in entries: [KeyringEntry]) -> [KeyPurpose] {
        let present = Set(entries.map(\.purpose))
        return KeyPurpose.allCases.filter { !present.contains($0) }
    }

    private static func check(_ entries: [KeyringEntry], with rootKey: RootKey) throws(KeyringError) {
        for entry in entries {
            if let defect = entry.defect { throw .corrupt("\(entry) \(defect)") }
        }
        // The root key comes before the rest: someone who started with a wrong one should hear that first.
        let foreign = entries.filter { !$0.isMade(with: rootKey) }
        guard foreign.isEmpty || foreign.count < entries.count else { throw .wrongRootKey }
        if let first = foreign.first { throw .corrupt("\(first) was not made with this root key, but others were") }
        for (purpose, entries) in Dictionary(grouping: entries, by: \.purpose) {
            let versions = entries.map(\.version)
            guard Set(versions).count == versions.count else {
                throw .corrupt("the purpose \(purpose.rawValue) has two entries of one version")
            }
            let current = entries.filter { $0.state == .current }.map(\.version)
            guard current.count == 1, current.first == versions.max() else {
                throw .corrupt("the highest version of the purpose \(purpose.rawValue) is not its only current one")
            }
        }
    }
}

// The derived keys are as secret as the root key.
extension Keyring: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says what this is, without its bytes.
    public var description: String {
        let versions = KeyPurpose.allCases.map { "\($0.rawValue) \(self.currentVersion(of: $0))" }
        return "Keyring(\(versions.joined(separator: ", ")))"
    }
    /// The same as ``description``.
    public var debugDescription: String { self.description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
