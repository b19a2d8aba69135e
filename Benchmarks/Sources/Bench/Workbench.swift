@_spi(Plaintext) public import ClavigerCore
public import ClavigerSQLite
public import ClavigerService
import ClavigerStore
public import ClavigerVerifier
import Foundation
import Logging

/// An authority on a data folder, put together as the server does it, without HTTP.
public struct Workbench: Sendable {
    /// The use cases.
    public let authority: Authority
    /// What the server does by itself; here it loads the look-up filter.
    public let maintenance: Maintenance
    /// Whoever has the first management key.
    public let owner: Caller
    /// The workspace of everything.
    public let workspaceID: Workspace.ID
    /// Storage, for what the use cases would do one by one.
    public let store: any AuthorityStore
    /// The keyring, for making digests.
    public let keyring: Keyring
    /// The database, for what storage has no call for.
    public let database: SQLiteDatabase

    /// Opens a data folder, and makes it if it is not there: the server can be started on it afterwards.
    public static func open(
        _ folder: String,
        configuration: Verifier.Configuration = Verifier.Configuration()
    ) async throws -> Workbench {
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let time = SystemTime()
        let random = SystemRandom()
        let rootKey = try Self.rootKey(folder + "/root-key", random)
        let database = try await SQLiteDatabase.open(.file(folder + "/claviger.db"))
        let store = SQLAuthorityStore(database, random: random)
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let firstKey = folder + "/first-management-key"
        let (keyring, workspace, _) = try await FirstStart(rootKey: rootKey, time: time, random: random).run(store) {
            try Self.writePrivate($0.withPlaintext { $0 + [UInt8(ascii: "\n")] }, to: firstKey)
        }
        let holder = KeyringHolder(keyring)
        let auditLog = try await AuditLog.open(
            store,
            keyring: holder,
            workspace: workspace.id,
            base: nil,
            heads: HeadFile(path: folder + "/audit-head"),
            time: time,
            logger: logger
        )
        let rehashes = RehashQueue()
        let verifier = Verifier(
            source: SQLCredentialSource(database),
            makeHasher: { keyring.makeHasher() },
            time: time,
            usage: DiscardedUsage(),
            limiter: Limiter(random: random),
            ledger: CreditLedger(journal: CreditRecords(sink: DiscardedUsage(), time: time)),
            throttle: GuessThrottle(random: random),
            rehashSink: rehashes,
            configuration: configuration
        )
        let authority = Authority(
            store: store,
            verifier: verifier,
            keyring: holder,
            time: time,
            random: random,
            usage: SQLUsageStore(try await SQLiteUsageDatabases.inMemory()),
            fold: nil,
            auditLog: auditLog,
            logger: logger
        )
        let token = try String(contentsOfFile: firstKey, encoding: .utf8).prefix { $0 != "\n" }
        let owner = try await authority.authenticate(
            PresentedToken(String(token)),
            network: nil,
            requestID: "req_benchmark"
        )
        guard let owner else { throw BenchmarkFailure("the first management key of \(folder) cannot be used") }
        return Workbench(
            authority: authority,
            maintenance: Maintenance(
                authority: authority,
                rehashes: rehashes,
                workspaceID: workspace.id,
                logger: logger
            ),
            owner: owner,
            workspaceID: workspace.id,
            store: store,
            keyring: keyring,
            database: database
        )
    }

    /// Closes the database.
    public func close() async throws {
        try await self.database.close()
    }

    private static func rootKey(_ path: String, _ random: SystemRandom) throws -> RootKey {
        if !FileManager.default.fileExists(atPath: path) {
            let digits = random.bytes(RootKey.length).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            try Self.writePrivate(Array((digits.joined() + "\n").utf8), to: path)
        }
        let digits = Array(try String(contentsOfFile: path, encoding: .utf8).utf8).prefix { $0 != UInt8(ascii: "\n") }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
        }
        guard let key = RootKey(bytes: bytes) else { throw BenchmarkFailure("\(path) has no root key") }
        return key
    }

    private static func writePrivate(_ bytes: [UInt8], to path: String) throws {
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(bytes),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw BenchmarkFailure("\(path) cannot be written") }
    }
}

/// The newest head of the audit log in a file, as the server keeps it.
struct HeadFile: AuditHeadStore {
    let path: String

    func load() throws -> [UInt8]? {
        FileManager.default.contents(atPath: self.path).map { Array($0) }
    }

    func save(_ checkpoint: [UInt8]) throws {
        let draft = self.path + ".new"
        guard
            FileManager.default.createFile(
                atPath: draft,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            ),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw BenchmarkFailure("\(draft) cannot be written") }
        try handle.write(contentsOf: Data(checkpoint))
        try handle.synchronize()
        try handle.close()
        guard rename(draft, self.path) == 0 else { throw BenchmarkFailure("\(self.path) cannot be written") }
    }
}

/// Why a benchmark cannot go on.
public struct BenchmarkFailure: Error, CustomStringConvertible {
    /// Why.
    public let description: String

    /// Takes the reason.
    public init(_ description: String) {
        self.description = description
    }
}

/// The machine's clock.
public struct SystemTime: TimeSource {
    /// Makes a clock.
    public init() {}

    /// The current moment.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Time that does not jump.
    public func uptime() -> Uptime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Uptime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// The machine's random generator.
public struct SystemRandom: RandomSource {
    /// Makes a generator.
    public init() {}

    /// The next bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

/// Takes records and forgets them: what the journal costs is measured by itself.
public struct DiscardedUsage: UsageSink {
    /// Makes a sink.
    public init() {}

    /// Forgets a record.
    public func append(_ record: UsageRecord) throws(JournalFull) -> UInt64 { 1 }

    /// Has nothing to wait for.
    public func waitUntilDurable(_ sequence: UInt64) async throws {}
}

extension Verifier {
    /// Decides about a token, recorded as that of nobody.
    public func verify(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> Verdict {
        let recording = UseRecording(workspaceID: Workspace.ID(bits: 1), source: .verify, requestID: "req_benchmark")
        return try await self.verify(token, query, recording: recording, isVisible: isVisible)
    }
}
