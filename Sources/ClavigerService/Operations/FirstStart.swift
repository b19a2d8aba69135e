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
        if let workspace = existing.1 { return (try await self.open(store, existing.0), workspace, false) }
        let (keyring, workspace) = try await store.write {
            try self.fill($0, deliver)
        } afterCommit: { _ in
        }
        return (keyring, workspace, true)
    }

    /// The keyring of a database that is in use; purposes that came with a newer version are added.
    private func open(_ store: any AuthorityStore, _ entries: [KeyringEntry]) async throws -> Keyring {
        let missing = try Keyring.missingEntries(
            among: entries,
            rootKey: self.rootKey,
            at: self.time.now(),
            from: self.random
        )
        if !missing.isEmpty {
            try await store.write({ tx in for entry in missing { try tx.insert(entry) } }, afterCommit: {})
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
        for role in BuiltInRole.allCases { try tx.insert(self.role(role, workspace, now)) }
        let owner = try Consumer(
            id: self.newID(now),
            workspaceID: workspace.id,
            attributes: Consumer.Attributes(
                externalID: Label(parsing: "owner"),
                kind: .user,
                name: Label(parsing: "Whoever set Claviger up")
            ),
            createdAt: now,
            updatedAt: now,
            version: 1
        )
        try tx.insert(owner)
        let (key, credential, token) = try self.firstKey(api, owner, keyring, now)
        try tx.insert(key, credential)
        for (action, kind, id, after) in [
            ("workspace.create", "workspace", workspace.id.text, JSON.object(JSONObject([("name", "default")]))),
            ("api.create", "api", api.id.text, api.publicFields),
            ("consumer.create", "consumer", owner.id.text, owner.publicFields),
            ("key.create", "key", key.id.text, key.publicFields(at: now)),
        ] {
            try tx.append(self.record(action, kind, id, after, workspace, now))
        }
        try deliver(token)
        return (keyring, workspace)
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

    private func firstKey(
        _ api: API,
        _ owner: Consumer,
        _ keyring: Keyring,
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
                name: try Label(parsing: "First management key"),
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

    private func record(
        _ action: String,
        _ kind: String,
        _ id: String,
        _ after: JSON,
        _ workspace: Workspace,
        _ now: Timestamp
    ) -> AuditRecord {
        AuditRecord(
            id: self.newID(now),
            workspaceID: workspace.id,
            at: now,
            actor: .system,
            action: action,
            target: AuditRecord.Target(kind: kind, id: id),
            outcome: .done,
            reason: nil,
            before: nil,
            after: after,
            requestID: nil
        )
    }
}
