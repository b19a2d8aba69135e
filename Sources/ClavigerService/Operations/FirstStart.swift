public import ClavigerCore

/// Fills an empty database: the keyring, the default workspace, the built-in api and roles, and the first management
/// key.
public struct FirstStart: Sendable {
    private let rootKey: RootKey
    private let time: any TimeSource
    private let random: any RandomSource

    /// Makes the first start under a root key.
    public init(rootKey: RootKey, time: any TimeSource, random: any RandomSource) {
        self.rootKey = rootKey
        self.time = time
        self.random = random
    }

    /// Opens the keyring of a database, or fills an empty one.
    ///
    /// - Parameters:
    ///   - store: the database.
    ///   - deliver: takes the first management key's token, before the commit: if it throws, nothing was done.
    /// - Returns: the keyring, the default workspace and whether the database was empty.
    /// - Throws: ``KeyringError`` when the root key is another one than the database was made with; nothing is touched
    ///   then.
    public func run(
        _ store: any AuthorityStore,
        deliver: @escaping @Sendable (KeyToken) throws -> Void
    ) async throws -> (keyring: Keyring, workspace: Workspace, isFirst: Bool) {
        let existing = try await store.read { tx in
            (try tx.keyringEntries(), try tx.workspace(named: Workspace.defaultName))
        }
        if let workspace = existing.1 { return (try await self.open(store, existing.0, workspace), workspace, false) }
        let (keyring, workspace) = try await store.write {
            try self.fill($0, deliver)
        } afterCommit: { _ in
        }
        return (keyring, workspace, true)
    }

    /// The keyring of a database that is in use; purposes that came with a newer version are added.
    private func open(
        _ store: any AuthorityStore,
        _ entries: [KeyringEntry],
        _ workspace: Workspace
    ) async throws -> Keyring {
        while try await store.write({ try $0.takeOverEarlierAuditEvents(limit: 1000) }, afterCommit: { _ in }) > 0 {}
        let missing = try Keyring.missingEntries(
            among: entries,
            rootKey: self.rootKey,
            at: self.time.now(),
            from: self.random
        )
        if !missing.isEmpty {
            let purposes: JSON = ["purposes": .array(missing.map { .string($0.purpose.rawValue) })]
            try await store.write { tx in
                for entry in missing { try tx.insert(entry) }
                try self.record("keyring.create", nil, purposes, workspace, self.time.now(), tx)
            } afterCommit: {
            }
        }
        return try Keyring(rootKey: self.rootKey, entries: entries + missing)
    }

    private func fill(
        _ tx: any AuthorityWriting,
        _ deliver: (KeyToken) throws -> Void
    ) throws -> (Keyring, Workspace) {
        let now = self.time.now()
        let entries = Keyring.initialEntries(rootKey: self.rootKey, at: now, from: self.random)
        for entry in entries { try tx.insert(entry) }
        let keyring = try Keyring(rootKey: self.rootKey, entries: entries)

        let workspace = Workspace(id: self.newID(now), name: Workspace.defaultName, createdAt: now)
        try tx.insert(workspace)
        let api = try self.managementAPI(workspace, now)
        try tx.insert(api)
        let about = JSON.object(JSONObject([("name", .string(workspace.name.text))]))
        let purposes: JSON = ["purposes": .array(entries.map { .string($0.purpose.rawValue) })]
        try self.record("workspace.create", workspace.id.text, about, workspace, now, tx)
        try self.record("keyring.create", nil, purposes, workspace, now, tx)
        try self.record("api.create", api.id.text, api.publicFields, workspace, now, tx)
        for builtIn in BuiltInRole.allCases {
            let role = self.role(builtIn, workspace, now)
            try tx.insert(role)
            try self.record("role.create", role.id.text, role.publicFields, workspace, now, tx)
        }
        try deliver(self.issueOwnerKey(api, keyring, "First management key", workspace, now, tx))
        return (keyring, workspace)
    }

    /// Makes another management key with the role `owner`, for operators who have lost the ones they had.
    ///
    /// Whoever can do this holds the database and the root key, and so could do anything anyway.
    ///
    /// - Parameter deliver: takes the new key's token, before the commit: if it throws, nothing was done.
    public func recover(
        _ store: any AuthorityStore,
        deliver: @escaping @Sendable (KeyToken) throws -> Void
    ) async throws {
        let existing = try await store.read { tx in
            (try tx.keyringEntries(), try tx.workspace(named: Workspace.defaultName))
        }
        guard let workspace = existing.1 else { throw Problem.notFound("workspace") }
        let keyring = try await self.open(store, existing.0, workspace)
        try await store.write { tx in
            let now = self.time.now()
            guard let api = try tx.api(named: API.managementName, in: workspace.id) else {
                throw Problem.notFound("api")
            }
            try deliver(self.issueOwnerKey(api, keyring, "Recovered management key", workspace, now, tx))
        } afterCommit: {
        }
    }

    private func issueOwnerKey(
        _ api: API,
        _ keyring: Keyring,
        _ name: String,
        _ workspace: Workspace,
        _ now: Timestamp,
        _ tx: any AuthorityWriting
    ) throws -> KeyToken {
        let owner = try self.owner(workspace, now, tx)
        let (key, credential, token) = try self.ownerKey(api, owner, keyring, name, now)
        try tx.insert(key, credential)
        try self.record("key.create", key.id.text, key.publicFields(at: now), workspace, now, tx)
        try tx.emit(.keyCreated, about: key, at: now, from: self.random)
        return token
    }

    private func owner(_ workspace: Workspace, _ now: Timestamp, _ tx: any AuthorityWriting) throws -> Consumer {
        let externalID = try Label(parsing: "owner")
        if let owner = try tx.consumer(externalID: externalID, in: workspace.id) { return owner }
        let owner = Consumer(
            id: self.newID(now),
            workspaceID: workspace.id,
            attributes: Consumer.Attributes(
                externalID: externalID,
                kind: .user,
                name: try Label(parsing: "Whoever set Claviger up")
            ),
            createdAt: now,
            updatedAt: now,
            version: 1
        )
        try tx.insert(owner)
        try self.record("consumer.create", owner.id.text, owner.publicFields, workspace, now, tx)
        return owner
    }

    private func newID<Owner>(_ now: Timestamp) -> Identifier<Owner> {
        Identifier(at: now, from: self.random)
    }

    private func managementAPI(_ workspace: Workspace, _ now: Timestamp) throws -> API {
        API(
            id: self.newID(now),
            workspaceID: workspace.id,
            name: API.managementName,
            prefix: try TokenPrefix(parsing: "claviger"),
            attributes: API.Attributes(
                description: "Claviger itself; its keys are management keys.",
                environments: [API.Environment(name: .production, tag: .live)]
            ),
            createdAt: now,
            updatedAt: now,
            version: 1
        )
    }

    private func role(_ role: BuiltInRole, _ workspace: Workspace, _ now: Timestamp) -> Role {
        Role(
            id: self.newID(now),
            workspaceID: workspace.id,
            name: role.name,
            attributes: Role.Attributes(description: role.description, scopes: role.scopes),
            isBuiltIn: true,
            createdAt: now,
            updatedAt: now,
            version: 1
        )
    }

    private func ownerKey(
        _ api: API,
        _ owner: Consumer,
        _ keyring: Keyring,
        _ name: String,
        _ now: Timestamp
    ) throws -> (APIKey, Credential, KeyToken) {
        let token = KeyToken(prefix: api.prefix, tag: .live, from: self.random)
        let key = APIKey(
            id: self.newID(now),
            workspaceID: api.workspaceID,
            apiID: api.id,
            environment: .production,
            consumerID: owner.id,
            start: token.publicStart,
            attributes: APIKey.Attributes(
                name: try Label(parsing: name),
                roles: [BuiltInRole.owner.name]
            ),
            state: .active(since: nil),
            createdAt: now,
            createdBy: nil,
            updatedAt: now,
            version: 1
        )
        let credential = Credential(
            id: self.newID(now),
            keyID: key.id,
            lookupID: token.lookupID,
            digest: keyring.makeHasher().digest(of: token),
            state: .current,
            createdAt: now
        )
        return (key, credential, token)
    }

    /// Writes the record of something that the system did; the action begins with the kind of its target.
    private func record(
        _ action: String,
        _ id: String?,
        _ after: JSON,
        _ workspace: Workspace,
        _ now: Timestamp,
        _ tx: any AuthorityWriting
    ) throws {
        try tx.append(.bySystem(action, id, after: after, in: workspace.id, at: now, from: self.random))
    }
}
