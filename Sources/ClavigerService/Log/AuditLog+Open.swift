public import ClavigerCore
public import ClavigerLog
public import Logging

/// The configuration names another log than the database has.
public struct OtherAuditOrigin: Error, Hashable, Sendable {
    /// The origin that the log has.
    public let origin: String
}

extension AuditLog {
    /// Opens the audit log: finds out whether the leaves in the database are those of the head that was signed last.
    ///
    /// Where they are not, the gate is closed; the server can verify keys all the same.
    ///
    /// - Parameters:
    ///   - base: what a log is named that has no name yet; nil for one after the workspace.
    ///   - heads: where the newest head is kept outside the database.
    /// - Throws: ``OtherAuditOrigin``, and what the store throws.
    public static func open(
        _ store: any AuthorityStore,
        keyring: KeyringHolder,
        workspace: Workspace.ID,
        base: NoteKeyName?,
        heads: any AuditHeadStore,
        time: any TimeSource,
        logger: Logger
    ) async throws -> AuditLog {
        let identity = try await self.identity(store, workspace, base)
        let gate = AuditGate()
        var builder = TreeBuilder()
        do throws(AuditLogDoubt) {
            let signed = try await Self.signedHead(store, heads, identity, keyring.keyring, workspace)
            if signed == nil, identity.hasSigned {
                throw AuditLogDoubt("The head that was signed last is missing beside the database.")
            }
            builder = try await Self.resume(store, signed, identity)
        } catch {
            gate.close(Self.refusal(error.cause))
            logger.critical(
                "the audit log is not what was signed; nothing can be changed",
                metadata: ["cause": "\(error.cause)"]
            )
        }
        return AuditLog(
            identity,
            builder,
            gate: gate,
            store: store,
            keyring: keyring,
            heads: heads,
            time: time,
            logger: logger
        )
    }

    private static func identity(
        _ store: any AuthorityStore,
        _ workspace: Workspace.ID,
        _ base: NoteKeyName?
    ) async throws -> AuditLogIdentity {
        if let identity = try await store.read({ try $0.auditLog() }) {
            guard let base, identity.base != base else { return identity }
            throw OtherAuditOrigin(origin: identity.base.text)
        }
        guard let origin = base ?? NoteKeyName("claviger.invalid/\(workspace.text)") else {
            preconditionFailure("an id is a name")
        }
        let identity = AuditLogIdentity(base: origin, origin: origin)
        try await store.write({ try $0.begin(identity) }, afterCommit: { _ in })
        return identity
    }

    /// The head of this log that was signed last, as it is kept outside the database.
    private static func signedHead(
        _ store: any AuthorityStore,
        _ heads: any AuditHeadStore,
        _ identity: AuditLogIdentity,
        _ keyring: Keyring,
        _ workspace: Workspace.ID
    ) async throws(AuditLogDoubt) -> Checkpoint? {
        let bytes: [UInt8]?
        do {
            bytes = try heads.load()
        } catch {
            throw AuditLogDoubt("The head that was signed last cannot be read.")
        }
        guard let bytes else { return nil }
        guard let note = try? SignedNote(parsing: bytes), let checkpoint = Checkpoint(parsing: note.text) else {
            throw AuditLogDoubt("The head that was signed last is damaged.")
        }
        guard checkpoint.origin.text == identity.origin.text else {
            // That of the log before this one, which has signed nothing yet, and says where it began.
            guard !identity.hasSigned, await Self.hasBegun(identity, after: checkpoint, store, workspace) else {
                throw AuditLogDoubt("The head that was signed last is of another log.")
            }
            return nil
        }
        let keys = keyring.versions(of: .auditSigning).compactMap {
            AuditLogSigners.signer(keyring, version: $0, origin: identity.origin)?.verifierKey
        }
        guard (try? note.verified(by: keys)) != nil else {
            throw AuditLogDoubt("The head that was signed last has no signature of this log.")
        }
        return checkpoint
    }

    /// Whether a leaf says that this log takes the place of the one that signed a head.
    private static func hasBegun(
        _ identity: AuditLogIdentity,
        after former: Checkpoint,
        _ store: any AuthorityStore,
        _ workspace: Workspace.ID
    ) async -> Bool {
        var filter = AuditFilter()
        filter.action = Self.beginAction
        let events = try? await store.read { [filter] tx in
            try tx.auditEvents(filter, in: workspace, page: PageRequest(limit: 1))
        }
        let after = events?.first?.fields["after"]
        return after?["origin"]?.string == identity.origin.text && after?["formerRoot"]?.string == former.root.base64
            && after?["formerOrigin"]?.string == former.origin.text
    }

    private static func resume(
        _ store: any AuthorityStore,
        _ signed: Checkpoint?,
        _ identity: AuditLogIdentity
    ) async throws(AuditLogDoubt) -> TreeBuilder {
        do {
            return try await store.read { tx in
                let (size, resumed) = (try tx.auditSize(), signed?.size ?? UInt64(identity.prunedBelow))
                guard size >= resumed else {
                    throw AuditLogDoubt("The audit log has \(size) events; a head over \(resumed) has been signed.")
                }
                guard let builder = try? TreeBuilder(resuming: resumed, from: StoredTileSource(tx: tx)) else {
                    throw AuditLogDoubt("Leaves or tiles of the audit log are missing or damaged.")
                }
                guard signed.map({ $0.root == builder.root }) ?? true else {
                    throw AuditLogDoubt(
                        "The first \(resumed) events of the audit log are not those of its signed head."
                    )
                }
                return builder
            }
        } catch let doubt as AuditLogDoubt {
            throw doubt
        } catch {
            throw AuditLogDoubt("The audit log cannot be read.")
        }
    }
}

/// Why the leaves in the database may not be those that were signed.
struct AuditLogDoubt: Error {
    let cause: String

    init(_ cause: String) {
        self.cause = cause
    }
}
