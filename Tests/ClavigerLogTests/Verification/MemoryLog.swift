import Testing

@testable import ClavigerLog

/// A published log in memory, whole or tampered with.
struct MemoryLog: LogReading {
    var resources: [LogResource: [UInt8]] = [:]

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        self.resources[resource]
    }

    init() {}

    static func entry(_ index: Int) -> [UInt8] { Array("entry \(index)".utf8) }

    /// A log of these entries, with a checkpoint that the signers signed.
    init(
        _ entries: [[UInt8]],
        origin: NoteLine,
        signers: [NoteSigner],
        cosigners: [Cosigner] = []
    ) throws {
        var builder = TreeBuilder()
        for start in stride(from: 0, to: entries.count, by: 256) {
            let bundle = try EntryBundle(Array(entries[start..<min(start + 256, entries.count)]))
            let index = try #require(BundleIndex(index: UInt64(start / 256), width: bundle.entries.count))
            self.resources[.bundle(index)] = bundle.bytes
            for tile in builder.append(contentsOf: bundle.leafHashes) { self.resources[.tile(tile.index)] = tile.bytes }
        }
        for tile in builder.partialTiles { self.resources[.tile(tile.index)] = tile.bytes }
        let root = builder.root
        let checkpoint = try #require(Checkpoint(origin: origin, size: builder.size, root: root))
        try self.sign(checkpoint, signers, cosigners)
    }

    /// Puts another checkpoint in the place of the one that there is.
    mutating func sign(_ checkpoint: Checkpoint, _ signers: [NoteSigner], _ cosigners: [Cosigner] = []) throws {
        let time = try #require(CosignatureTime(seconds: 1000))
        let note = try SignedNote(
            checkpoint.text,
            signatures: signers.map { $0.sign(checkpoint.text) } + cosigners.map { $0.cosign(checkpoint, at: time) }
        )
        self.resources[.checkpoint] = note.bytes
    }

    /// The signed checkpoint.
    func note() throws -> SignedNote {
        try SignedNote(parsing: try #require(self.resources[.checkpoint]))
    }

    subscript(path: String) -> [UInt8]? {
        get { (try? LogResource(parsing: path)).flatMap { self.resources[$0] } }
        set { if let resource = try? LogResource(parsing: path) { self.resources[resource] = newValue } }
    }

    /// Changes one bit of a resource.
    mutating func flip(_ path: String, byte: Int, bit: Int = 0) throws {
        var bytes = try #require(self[path])
        bytes[byte] ^= 1 << UInt8(bit)
        self[path] = bytes
    }
}

/// What the tests of verification share: a name, keys and logs.
struct LogKit {
    let origin: NoteLine
    let signer: NoteSigner

    init() throws {
        self.origin = try Make.line("example.com/log")
        self.signer = try Make.signer("example.com/log", 1)
    }

    func log(_ size: Int) throws -> MemoryLog {
        try self.log((0..<size).map(MemoryLog.entry))
    }

    func log(_ entries: [[UInt8]], signers: [NoteSigner]? = nil) throws -> MemoryLog {
        try MemoryLog(entries, origin: self.origin, signers: signers ?? [self.signer])
    }

    func policy(_ keys: [VerifierKey]? = nil) throws -> LogPolicy {
        try #require(LogPolicy(origin: self.origin, logKeys: keys ?? [self.signer.verifierKey]))
    }

    func verify(_ log: MemoryLog, earlier: SignedNote? = nil, minimumIndex: UInt64 = 0) async throws -> LogReport {
        try await LogVerifier(log, policy: self.policy(), earlier: earlier, minimumIndex: minimumIndex).verify()
    }

    /// The fault of a log that must have one.
    func fault(in log: MemoryLog, earlier: SignedNote? = nil, minimumIndex: UInt64 = 0) async -> LogFault? {
        await #expect(throws: LogFault.self) {
            _ = try await self.verify(log, earlier: earlier, minimumIndex: minimumIndex)
        }
    }
}
