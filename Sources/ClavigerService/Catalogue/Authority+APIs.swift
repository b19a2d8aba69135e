public import ClavigerCore
import ClavigerVerifier

/// What somebody wants a new api to be.
public struct APIDraft: Sendable {
    /// The name.
    public var name: ResourceName
    /// The beginning of its keys' tokens.
    public var prefix: TokenPrefix
    /// Everything that can be changed later.
    public var attributes: API.Attributes

    /// Makes a draft.
    public init(name: ResourceName, prefix: TokenPrefix, attributes: API.Attributes) {
        self.name = name
        self.prefix = prefix
        self.attributes = attributes
    }
}

/// What somebody wants changed of an api.
public struct APIPatch: Sendable {
    /// The word about it.
    public var description: Edit<String> = .keep
    /// The environments.
    public var environments: Edit<[API.Environment]> = .keep
    /// The scope catalogue.
    public var catalogue: Edit<[API.CatalogueEntry]> = .keep
    /// The life of keys whose draft says nothing.
    public var defaultLifetime: Edit<Duration> = .keep

    /// The endpoint rules.
    public var endpointRules: Edit<[EndpointRule]> = .keep
    /// What happens to a request that no rule is for.
    public var whenNoRuleMatches: Edit<EndpointRules.Otherwise> = .keep
    /// The limits that all keys share.
    public var limits: Edit<RateLimits> = .keep
    /// What becomes of leaked keys.
    public var leakPolicy: Edit<LeakPolicy> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

extension Authority {
    /// Makes an api.
    public func createAPI(_ draft: APIDraft, by caller: Caller, once: Once<API>? = nil) async throws -> Outcome<API> {
        try await self.change(AuditAction(.api, "create"), nil, by: caller, once: once) { change in
            let caller = change.caller
            try caller.require(.createAPIs)
            if try change.tx.isTaken(apiName: draft.name, in: change.workspaceID) {
                throw Problem.taken("/name", "is or was the name of another api; names are never used twice")
            }
            if try change.tx.isTaken(prefix: draft.prefix) {
                throw Problem.taken("/prefix", "is or was the prefix of another api; prefixes are never used twice")
            }
            let api = API(
                id: change.newID(),
                workspaceID: change.workspaceID,
                name: draft.name,
                prefix: draft.prefix,
                attributes: draft.attributes,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try Self.checkCatalogue(of: api)
            try change.tx.insert(api)
            try change.refreshLifetimes()
            try change.record(AuditAction(.api, "create"), api.id.text, after: api.publicFields)
            return api
        }
    }

    /// One api.
    public func api(_ reference: Reference<API>, by caller: Caller) async throws -> API {
        try await self.read(AuditAction(.api, "read"), reference.text, by: caller) { tx, caller in
            let api = try tx.existingAPI(reference, in: caller.workspaceID)
            try caller.require(.apis(.read, api.reference))
            return api
        }
    }

    /// The apis that the caller may read, by id.
    public func apis(page: PageRequest, by caller: Caller) async throws -> [API] {
        try await self.read(AuditAction(.api, "list"), nil, by: caller) { tx, caller in
            let readable = try tx.apis(in: caller.workspaceID).filter {
                Permission.apis(.read, $0.reference).isGranted(by: caller.scopes)
            }
            let rest = page.after.map { after in readable.drop { $0.id.text <= after } } ?? readable[...]
            return Array(rest.prefix(page.limit))
        }
    }

    /// Changes an api.
    public func updateAPI(
        _ reference: Reference<API>,
        _ patch: APIPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> API {
        let action = AuditAction(.api, "update")
        return try await self.change(action, reference.text, by: caller, once: nil) { change in
            let caller = change.caller
            var api = try change.tx.existingAPI(reference, in: change.workspaceID)
            try caller.require(.apis(.update, api.reference))
            try Problem.checkVersion(version, is: api.version)
            try Self.refuseIfManagement(api)
            let before = api.publicFields
            api.attributes.description = patch.description.applied(to: api.attributes.description)
            api.attributes.environments = patch.environments.applied(to: api.attributes.environments)
            api.attributes.catalogue = patch.catalogue.applied(to: api.attributes.catalogue)
            api.attributes.defaults.lifetime = patch.defaultLifetime.applied(to: api.attributes.defaults.lifetime)
            api.attributes.endpointRules = try api.attributes.endpointRules.applying(patch)
            api.attributes.limits = patch.limits.applied(to: Optional(api.attributes.limits)) ?? .none
            api.attributes.leakPolicy = patch.leakPolicy.applied(to: Optional(api.attributes.leakPolicy)) ?? .compromise
            try Self.checkEnvironmentsInUse(of: api, change)
            try Self.checkPublishableKeys(of: api, change)
            try Self.checkCatalogue(of: api)
            api.updatedAt = change.now
            api.version += 1
            try change.tx.update(api)
            try change.refreshLifetimes()
            change.effects.changedEverything = true
            try change.record(action, api.id.text, before: before, after: api.publicFields)
            return api
        }.value
    }

    /// Removes an api that no key uses.
    public func deleteAPI(
        _ reference: Reference<API>,
        expecting version: Int?,
        by caller: Caller
    ) async throws {
        let action = AuditAction(.api, "delete")
        _ = try await self.change(action, reference.text, by: caller, once: nil) { change in
            let caller = change.caller
            let api = try change.tx.existingAPI(reference, in: change.workspaceID)
            try caller.require(.apis(.delete, api.reference))
            try Problem.checkVersion(version, is: api.version)
            try Self.refuseIfManagement(api)
            guard try !change.tx.isInUse(api.id, environment: nil, in: change.workspaceID) else {
                throw Problem(.stateConflict, "The api still has keys. Revoke and delete its keys first.")
            }
            try change.tx.delete(api.id, in: change.workspaceID, at: change.now)
            // Gateways must not go on asking for it.
            change.effects.changedEverything = true
            try change.record(action, api.id.text, before: api.publicFields)
        }
    }

    private static func refuseIfManagement(_ api: API) throws(Problem) {
        guard !api.isManagement else {
            throw Problem(.stateConflict, "The built-in api of management keys cannot be changed or deleted.")
        }
    }

    /// Scopes are kept for environments that there are.
    private static func checkCatalogue(of api: API) throws(Problem) {
        var violations: [Violation] = []
        for (index, entry) in api.attributes.catalogue.enumerated() {
            for (place, name) in entry.environments.enumerated() where api.environment(named: name) == nil {
                violations.append(
                    Violation("/scopes/\(index)/environments/\(place)", "is not an environment of the api")
                )
            }
        }
        guard violations.isEmpty else { throw .validation(violations) }
    }

    /// A scope stays safe for clients as long as publishable keys hold it.
    private static func checkPublishableKeys(of api: API, _ change: Change) throws {
        let scopes = try change.tx.scopesOfPublishableKeys(of: api.id, in: change.workspaceID)
        guard let scope = api.unpublishableScopes(among: scopes).first else { return }
        throw Problem(
            .stateConflict,
            "Publishable keys hold the scope \(scope.text): it has to stay in the catalogue, and publishable."
        )
    }

    /// Environments that keys belong to stay, and keep their tags: tokens in the world carry them.
    private static func checkEnvironmentsInUse(of api: API, _ change: Change) throws {
        let old = try change.tx.existingAPI(.id(api.id), in: change.workspaceID)
        let kept = api.attributes.environments
        for environment in old.attributes.environments
        where !kept.contains(where: {
            $0.name == environment.name && $0.tag == environment.tag && $0.publishableTag == environment.publishableTag
        }) {
            guard try !change.tx.isInUse(api.id, environment: environment.name, in: change.workspaceID) else {
                throw Problem(
                    .stateConflict,
                    "The environment \(environment.name.text) has keys: it cannot be removed, and its tag stays."
                )
            }
        }
    }
}

extension EndpointRules {
    /// The rules after a patch of an api.
    fileprivate func applying(_ patch: APIPatch) throws(Problem) -> EndpointRules {
        let rules = patch.endpointRules.applied(to: Optional(self.rules)) ?? []
        let otherwise = patch.whenNoRuleMatches.applied(to: Optional(self.whenNoRuleMatches)) ?? .deny
        do throws(FieldError) {
            return try EndpointRules(rules, whenNoRuleMatches: otherwise)
        } catch {
            throw .validation([Violation("/endpointRules", error.message)])
        }
    }
}

extension Problem {
    /// The refusal of a value that another thing has.
    static func taken(_ pointer: String, _ message: String) -> Problem {
        Problem(.alreadyExists, "There is one like it already.", violations: [Violation(pointer, message)])
    }
}

extension Outcome {
    /// The result of a change that was asked for without an idempotency key.
    public var value: Result {
        switch self {
        case .done(let result): result
        case .replayed: preconditionFailure("only a request with an idempotency key is replayed")
        }
    }
}
