import ClavigerCore
public import ClavigerLog

extension AuditLog {
    /// A checkpoint, tile or entry bundle (C2SP tlog-tiles); nil if the signed tree does not have it, or not any more.
    ///
    /// - Throws: ``Problem`` while there is no head to serve.
    public nonisolated func bytes(of resource: LogResource) async throws -> [UInt8]? {
        let head = try self.requireHead()
        switch resource {
        case .checkpoint:
            return head.note.bytes
        case .tile(let tile):
            guard head.layout.covers(tile) else { return nil }
            return try await self.store.read { tx in
                let hashes = try AuditTileSource(head: head, tx: tx).tile(tile)
                return hashes.count == tile.width ? hashes.withUnsafeBytes { Array($0) } : nil
            }
        case .bundle(let bundle):
            guard head.layout.covers(bundle), let first = Int(exactly: bundle.index * UInt64(TileIndex.fullWidth))
            else {
                return nil
            }
            return try await self.store.read { tx in
                guard first >= (try tx.auditLog()?.prunedBelow ?? 0) else { return nil }
                return try EntryBundle(tx.leaves(from: first, limit: bundle.width)).bytes
            }
        }
    }

    /// The proof that an event is in the log, under the newest head or an earlier one that more witnesses have cosigned,
    /// with the leaf as its extra data (C2SP tlog-proof).
    ///
    /// - Throws: ``Problem`` when there is no such event, or its leaf is not at hand any more.
    public func proof(of index: Int) async throws -> LogProof {
        // What was recorded a moment ago is provable now.
        if index >= (self.head?.checkpoint.size).map({ Int($0) }) ?? 0 { try await self.publish() }
        let head = try self.head(over: index) ?? self.requireHead()
        guard index >= 0, index < head.checkpoint.size else { throw Problem.notFound("audit event") }
        return try await self.store.read { tx in
            guard index >= (try tx.auditLog()?.prunedBelow ?? 0), let leaf = try tx.leaves(from: index, limit: 1).first
            else { throw Problem.notFound("audit event") }
            let tree = MerkleTree(size: head.checkpoint.size, source: AuditTileSource(head: head, tx: tx))
            let proof = try tree.inclusionProof(of: UInt64(index))
            guard
                let bundle = LogProof(index: proof.index, hashes: proof.hashes, checkpoint: head.note, extra: leaf)
            else { preconditionFailure("a proof has no more hashes than a tree has levels") }
            return bundle
        }
    }

    /// The newest head, with the hashes that prove that the first leaves of it are an earlier one (RFC 6962, section
    /// 2.1.2), none for the empty tree; nil where it has fewer leaves.
    nonisolated func head(
        since size: UInt64
    ) async throws -> (hashes: [LogHash], note: SignedNote, checkpoint: Checkpoint)? {
        guard let head = self.head, size <= head.checkpoint.size else { return nil }
        guard size > 0 else { return ([], head.note, head.checkpoint) }
        let proof = try await self.store.read { tx in
            try MerkleTree(size: head.checkpoint.size, source: AuditTileSource(head: head, tx: tx))
                .consistencyProof(from: size)
        }
        return (proof.hashes, head.note, head.checkpoint)
    }

    /// The newest signed head.
    public nonisolated var checkpoint: Checkpoint? { self.head?.checkpoint }

    private nonisolated func requireHead() throws(Problem) -> AuditHead {
        if let head = self.head { return head }
        try self.gate.check()
        throw Problem(.unavailable, "The audit log has no signed head yet; try again in a second.")
    }
}
