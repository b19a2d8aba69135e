public import ClavigerCore
import ClavigerVerifier

/// What somebody wants changed of an endpoint.
public struct WebhookPatch: Sendable {
    /// Where events go.
    public var url: Edit<WebhookURL> = .keep
    /// The word about it.
    public var description: Edit<String> = .keep
    /// The types of events; removing them means all.
    public var types: Edit<[EventType]> = .keep
    /// Whether anything is sent.
    public var state: Edit<WebhookEndpoint.State> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

/// An endpoint with a new secret, which exists here and in the answer, and sealed in the database.
public struct IssuedWebhook: Sendable {
    /// The endpoint.
    public let endpoint: WebhookEndpoint
    /// Its current secret.
    public let secret: WebhookSecret
    /// Until when the secret before signs too; nil where there was none, or it has ended.
    public let formerEndsAt: Timestamp?
}

extension Authority {
    /// The most endpoints of a workspace: each one wants a copy of every event.
    static let mostWebhooks = 50
    /// The most secrets of an endpoint that sign: each makes every request longer.
    static let mostSecrets = 5
    /// How long a replaced secret signs beside the new one, unless somebody says otherwise.
    public static let usualSecretGrace = Duration.seconds(24 * 3600)
    /// The longest such time.
    public static let longestSecretGrace = Duration.seconds(30 * 86_400)

    /// Makes an endpoint with a secret.
    public func createWebhook(
        _ attributes: WebhookEndpoint.Attributes,
        by caller: Caller,
        once: Once<IssuedWebhook>? = nil
    ) async throws -> Outcome<IssuedWebhook> {
        let action = AuditAction(.webhook, "create")
        return try await self.change(action, nil, by: caller, once: once) { [keyring, eventPolicy] change in
            try change.caller.requireWebhookManagement()
            try Self.check(attributes.url, eventPolicy)
            guard try change.tx.webhookEndpointCount(in: change.workspaceID) < Self.mostWebhooks else {
                throw Problem(
                    .stateConflict,
                    "There are \(Self.mostWebhooks) endpoints already, which is the most. Delete one first."
                )
            }
            let endpoint = WebhookEndpoint(
                id: change.newID(),
                workspaceID: change.workspaceID,
                attributes: attributes,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try change.tx.insert(endpoint)
            let secret = try change.addSecret(1, to: endpoint, keyring)
            try change.record(action, endpoint.id.text, after: endpoint.publicFields)
            try change.noteWantedEvents()
            return IssuedWebhook(endpoint: endpoint, secret: secret, formerEndsAt: nil)
        }
    }

    /// One endpoint.
    public func webhook(_ id: WebhookEndpoint.ID, by caller: Caller) async throws -> WebhookEndpoint {
        try await self.read(AuditAction(.webhook, "read"), id.text, by: caller) { tx, caller in
            try caller.require(.readWebhooks)
            return try tx.existingWebhook(id, in: caller.workspaceID)
        }
    }

    /// Endpoints by id.
    public func webhooks(page: PageRequest, by caller: Caller) async throws -> [WebhookEndpoint] {
        try await self.read(AuditAction(.webhook, "list"), nil, by: caller) { tx, caller in
            try caller.require(.readWebhooks)
            return try tx.webhookEndpoints(in: caller.workspaceID, page: page)
        }
    }

    /// Changes an endpoint.
    public func updateWebhook(
        _ id: WebhookEndpoint.ID,
        _ patch: WebhookPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> WebhookEndpoint {
        let action = AuditAction(.webhook, "update")
        return try await self.change(action, id.text, by: caller, once: nil) { [eventPolicy] change in
            try change.caller.requireWebhookManagement()
            var endpoint = try change.tx.existingWebhook(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: endpoint.version)
            let before = endpoint
            endpoint.attributes.url = patch.url.applied(to: endpoint.attributes.url)
            endpoint.attributes.description = patch.description.applied(to: endpoint.attributes.description)
            endpoint.attributes.types = patch.types.applied(to: Optional(endpoint.attributes.types)) ?? []
            endpoint.attributes.state = patch.state.applied(to: endpoint.attributes.state)
            guard endpoint != before else {
                change.nothingToDo()
                return endpoint
            }
            if endpoint.attributes.url != before.attributes.url { try Self.check(endpoint.attributes.url, eventPolicy) }
            endpoint.updatedAt = change.now
            endpoint.version += 1
            try change.tx.update(endpoint)
            try change.record(action, id.text, before: before.publicFields, after: endpoint.publicFields)
            try change.noteWantedEvents()
            return endpoint
        }.value
    }

    /// Removes an endpoint, and with it what was still to be delivered to it.
    public func deleteWebhook(_ id: WebhookEndpoint.ID, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.webhook, "delete")
        _ = try await self.change(action, id.text, by: caller, once: nil) { change in
            try change.caller.requireWebhookManagement()
            let endpoint = try change.tx.existingWebhook(id, in: change.workspaceID)
            try Problem.checkVersion(version, is: endpoint.version)
            try change.tx.delete(id, in: change.workspaceID)
            try change.record(action, id.text, before: endpoint.publicFields)
            try change.noteWantedEvents()
        }
    }

    /// Gives an endpoint a new secret; the one before signs too until its grace is over.
    ///
    /// - Parameter grace: zero ends all former secrets at once, for one that has leaked.
    public func rotateWebhookSecret(
        _ id: WebhookEndpoint.ID,
        grace: Duration,
        by caller: Caller,
        once: Once<IssuedWebhook>? = nil
    ) async throws -> Outcome<IssuedWebhook> {
        let action = AuditAction(.webhook, "rotate-secret")
        return try await self.change(action, id.text, by: caller, once: once) { [keyring] change in
            try change.caller.requireWebhookManagement()
            var endpoint = try change.tx.existingWebhook(id, in: change.workspaceID)
            let end = change.now + grace
            let former = try change.tx.webhookSecrets(of: id)
            let staying = former.count { change.now < min($0.endsAt ?? end, end) }
            guard staying < Self.mostSecrets else {
                throw Problem(
                    .stateConflict,
                    """
                    \(staying) secrets of the endpoint would sign beside the new one, and \(Self.mostSecrets) is the most \
                    that sign. Wait until one has ended, or send a grace of 0s, which ends all former ones.
                    """
                )
            }
            for secret in former where secret.endsAt.map({ end < $0 }) ?? true {
                try change.tx.end(secret: secret.number, of: id, at: end)
            }
            try change.tx.deleteSecrets(of: id, endedAt: change.now)
            let secret = try change.addSecret((former.first?.number ?? 0) + 1, to: endpoint, keyring)
            let before = endpoint.publicFields
            endpoint.updatedAt = change.now
            endpoint.version += 1
            try change.tx.update(endpoint)
            try change.record(action, id.text, before: before, after: endpoint.publicFields)
            return IssuedWebhook(endpoint: endpoint, secret: secret, formerEndsAt: grace > .zero ? end : nil)
        }
    }

    private static func check(_ url: WebhookURL, _ policy: EventPolicy) throws(Problem) {
        if let refusal = policy.refusal(of: url) { throw .validation([Violation("/url", refusal)]) }
    }
}

extension Caller {
    /// Events tell of the keys of every api: who has them sent somewhere must be allowed to read all keys (promise P8).
    func requireWebhookManagement() throws(Problem) {
        try self.require(.manageWebhooks)
        let everything = Permission.anyKey(.read, api: "*", environment: nil)
        guard self.scopes.covers(everything) else { throw .forbidden(needed: everything) }
    }
}

extension Change {
    /// Makes a secret and stores it sealed.
    fileprivate func addSecret(
        _ number: Int,
        to endpoint: WebhookEndpoint,
        _ holder: KeyringHolder
    ) throws -> WebhookSecret {
        let secret = WebhookSecret(from: self.random)
        let id = WebhookSecretID(workspaceID: self.workspaceID, endpointID: endpoint.id, number: number)
        let sealer = Sealer(keyring: holder.keyring, random: self.random)
        let sealed = try secret.sealed(for: id.sealingContext, with: sealer)
        try self.tx.insert(
            StoredWebhookSecret(number: number, sealed: sealed, createdAt: self.now),
            of: endpoint.id
        )
        return secret
    }

    /// Has the verifications know what anybody wants to be told.
    fileprivate mutating func noteWantedEvents() throws {
        self.news.wanted = EventTypes.wanted(by: try self.tx.enabledWebhookEndpoints(in: nil))
        // What rested while it was disabled goes on.
        self.news.hasEvents = true
    }
}

extension EventReading {
    func existingWebhook(_ id: WebhookEndpoint.ID, in workspace: Workspace.ID) throws -> WebhookEndpoint {
        guard let endpoint = try self.webhookEndpoint(id, in: workspace) else { throw Problem.notFound("webhook") }
        return endpoint
    }
}
