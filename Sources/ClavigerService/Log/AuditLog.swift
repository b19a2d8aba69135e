import ClavigerCore
public import ClavigerLog
import Logging
import Synchronization

/// The audit log as a transparency log: takes the leaves that were written with the changes into the tree, in their
/// order, and signs its heads.
///
/// The leaves are the truth; the tree is made of them. What was signed once is never signed differently: the newest head
/// is also kept outside the database, and where that has other leaves than belong to it, nothing is signed any more and
/// the gate is closed.
public actor AuditLog {
    /// How long a head may be the newest without being signed anew.
    static let longestSilence = Duration.seconds(50)
    /// How many leaves are in memory at a time.
    private static let batch = 4096

    /// Names the log.
    public nonisolated let origin: NoteKeyName
    /// Whether anything may be changed.
    public nonisolated let gate: AuditGate
    nonisolated let store: any AuthorityStore
    private let keyring: KeyringHolder
    private let headStore: any AuditHeadStore
    private let time: any TimeSource
    private let logger: Logger
    private var builder: TreeBuilder
    private var hasSigned: Bool
    private var signedAt: Uptime?
    /// The work that was asked for last.
    private var latest: Task<Void, Never>?
    /// Signed heads, as everybody may see them; only ``publish()`` and ``add(_:to:)`` replace them.
    private nonisolated let heads = Mutex(Heads())

    private struct Heads {
        var newest: AuditHead?
        /// The newest that has as many cosignatures as any.
        var cosigned: AuditHead?
    }

    init(
        _ identity: AuditLogIdentity,
        _ builder: TreeBuilder,
        gate: AuditGate,
        store: any AuthorityStore,
        keyring: KeyringHolder,
        heads: any AuditHeadStore,
        time: any TimeSource,
        logger: Logger
    ) {
        self.origin = identity.origin
        self.hasSigned = identity.hasSigned
        self.builder = builder
        self.gate = gate
        self.store = store
        self.keyring = keyring
        self.headStore = heads
        self.time = time
        self.logger = logger
    }

    /// The newest signed head; nil before the first.
    nonisolated var head: AuditHead? { self.heads.withLock { $0.newest } }

    /// The newest head over an event, or an earlier one that more witnesses have cosigned; nil before the first.
    nonisolated func head(over index: Int) -> AuditHead? {
        self.heads.withLock { heads in
            guard let cosigned = heads.cosigned, index < cosigned.checkpoint.size,
                self.cosignatures(of: cosigned) > heads.newest.map(self.cosignatures) ?? 0
            else { return heads.newest }
            return cosigned
        }
    }

    /// How many others have signed a head.
    private nonisolated func cosignatures(of head: AuditHead) -> Int {
        head.note.signatures.count { $0.name != self.origin }
    }

    /// Takes in what was recorded, and signs the head if it is a new one or has been the newest for long.
    public func publish() async throws {
        let before = self.latest
        let task = Task {
            await before?.value
            try await self.publishAlone()
        }
        self.latest = Task { _ = try? await task.value }
        try await task.value
    }

    /// Adds what a witness has signed to a head, if it is still the newest.
    ///
    /// - Throws: where it does not fit below the head.
    nonisolated func add(_ cosignature: NoteSignature, to checkpoint: Checkpoint) throws {
        try self.heads.withLock { heads in
            guard var signed = heads.newest, signed.checkpoint == checkpoint else { return }
            signed.note = try signed.note.adding([cosignature])
            heads.newest = signed
            let most = heads.cosigned.map(self.cosignatures) ?? 0
            if self.cosignatures(of: signed) >= most { heads.cosigned = signed }
        }
    }

    private func publishAlone() async throws {
        guard self.gate.refusal == nil else { return }
        var builder = self.builder
        do {
            while try await self.takeIn(&builder) == Self.batch {}
        } catch StoreFailure.damaged(let cause) {
            return self.close("Leaves or tiles of the audit log are damaged: \(cause)")
        }
        guard self.gate.refusal == nil else { return }
        let now = self.time.uptime()
        let isNew = self.head.map { $0.checkpoint.size != builder.size } ?? true
        guard isNew || self.signedAt.map({ now - $0 >= Self.longestSilence }) ?? true else {
            self.builder = builder
            return
        }
        let head = try self.sign(builder)
        // Before anybody can see it: a head that somebody has seen must be known after a crash.
        try self.headStore.save(head.note.bytes)
        // After that: a database that says so without a head beside it was set back.
        if !self.hasSigned {
            try await self.store.write({ try $0.noteSigned() }, afterCommit: { _ in })
            self.hasSigned = true
        }
        self.builder = builder
        self.signedAt = now
        self.heads.withLock { $0.newest = head }
    }

    /// Takes in some leaves, and stores the tiles that are full with them.
    private func takeIn(_ builder: inout TreeBuilder) async throws -> Int {
        let size = Int(builder.size)
        let (stored, leaves) = try await self.store.read { tx in
            (try tx.auditSize(), try tx.leaves(from: size, limit: Self.batch).map { LogHash.leaf($0) })
        }
        guard stored >= size else {
            self.close("The audit log has \(stored) events; a head over \(size) has been signed.")
            return 0
        }
        let tiles = builder.append(contentsOf: leaves)
        if !tiles.isEmpty { try await self.store.write({ try $0.insert(tiles) }, afterCommit: { _ in }) }
        return leaves.count
    }

    private func sign(_ builder: TreeBuilder) throws -> AuditHead {
        let signers = AuditLogSigners(self.keyring.keyring, origin: self.origin)
        guard let origin = NoteLine(self.origin.text),
            let checkpoint = Checkpoint(origin: origin, size: builder.size, root: builder.root),
            let time = CosignatureTime(seconds: UInt64(max(0, self.time.now().milliseconds / 1000)))
        else { preconditionFailure("a name is a line, and every tree has a head") }
        let note = try SignedNote(
            checkpoint.text,
            signatures: signers.signers.map { $0.sign(checkpoint.text) } + [
                signers.cosigner.cosign(checkpoint, at: time)
            ]
        )
        return AuditHead(checkpoint, note, builder)
    }

    private func close(_ cause: String) {
        self.gate.close(Self.refusal(cause))
        self.logger.critical(
            "the audit log is not what was signed; nothing can be changed",
            metadata: ["cause": "\(cause)"]
        )
    }

    /// What whoever wants to change something is told.
    static func refusal(_ cause: String) -> String {
        """
        \(cause) Nothing can be changed until an operator has looked into it: compare the events \
        (claviger audit list) with an export of before, restore the database, or begin a new log (claviger audit \
        new-log). Verification of \
        keys goes on.
        """
    }
}
