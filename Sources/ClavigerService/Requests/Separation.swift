import ClavigerCore

/// A management key with its owner, as one of those who have to agree.
struct Party: Hashable, Sendable {
    let keyID: APIKey.ID
    let consumerID: Consumer.ID
}

extension Caller {
    var party: Party { Party(keyID: self.keyID, consumerID: self.consumerID) }
}

/// Why two management keys are not those of two people.
enum Kinship: Sendable {
    case sameKey
    case sameConsumer
    /// One made the other, directly or through keys in between.
    case made
    /// A key that may not do everything made both.
    case madeTogether
}

extension AuthorityReading {
    /// Why two management keys are not those of two people; nil if they can be.
    ///
    /// Whoever made a key has held its token and may hold it still.
    func kinship(of one: Party, with other: Party, in workspace: Workspace.ID) throws -> Kinship? {
        if one.keyID == other.keyID { return .sameKey }
        if try !self.consumers(of: one, in: workspace).isDisjoint(with: self.consumers(of: other, in: workspace)) {
            return .sameConsumer
        }
        let makers = try self.makers(of: one.keyID, in: workspace)
        let others = try self.makers(of: other.keyID, in: workspace)
        if makers.contains(other.keyID) || others.contains(one.keyID) { return .made }
        // Whoever may do everything needs no two keys for it; anybody else could be both people.
        let isShared = try makers.intersection(others).contains { maker in
            guard let key = try self.key(maker, in: workspace) else { return true }
            return try !self.granted(to: key).isEverything
        }
        return isShared ? .madeTogether : nil
    }

    /// Who owned the key when it acted, and who owns it now.
    private func consumers(of party: Party, in workspace: Workspace.ID) throws -> Set<Consumer.ID> {
        Set([party.consumerID, try self.key(party.keyID, in: workspace)?.consumerID].compactMap { $0 })
    }

    /// The keys that made a key: its own maker, the maker of that one, and so on.
    private func makers(of id: APIKey.ID, in workspace: Workspace.ID) throws -> Set<APIKey.ID> {
        var makers: Set<APIKey.ID> = []
        var next = try self.key(id, in: workspace)?.createdBy
        while let maker = next, makers.insert(maker).inserted {
            next = try self.key(maker, in: workspace)?.createdBy
        }
        return makers
    }
}

extension Change {
    /// Refuses whoever asked, gets the key, or has approved already under another name.
    func requireSeparation(from request: KeyRequest, _ notes: [KeyRequestNote]) throws {
        try self.requireSeparation(fromRequesterOf: request)
        for note in notes where note.kind == .approval && note.version == request.version {
            let other = Party(keyID: note.by, consumerID: note.consumerID)
            guard try self.tx.kinship(of: self.caller.party, with: other, in: self.workspaceID) != nil else { continue }
            throw Problem(
                .forbidden,
                """
                Another management key of yours, or one that made it, was made by it or was made by the same key, has \
                approved this already.
                """
            )
        }
    }

    /// Refuses whoever asked or gets the key, also through another key of theirs.
    func requireSeparation(fromRequesterOf request: KeyRequest) throws {
        let requester = Party(keyID: request.requestedBy, consumerID: request.requesterConsumerID)
        switch try self.tx.kinship(of: self.caller.party, with: requester, in: self.workspaceID) {
        case .sameKey?: throw Problem(.forbidden, "Nobody decides about their own request.")
        case .sameConsumer?:
            throw Problem(.forbidden, "Your management key and the requester's have one owner: somebody else decides.")
        case .made?:
            throw Problem(
                .forbidden,
                "Your management key made the requester's, or was made by it: somebody else decides."
            )
        case .madeTogether?:
            throw Problem(
                .forbidden,
                "One management key, which may not do everything, made yours and the requester's: somebody else decides."
            )
        case nil: break
        }
        guard request.consumerID != self.caller.consumerID, request.keyID != self.caller.keyID else {
            throw Problem(.forbidden, "The key is for the owner of your management key: somebody else decides.")
        }
    }
}
