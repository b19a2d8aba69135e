public import ClavigerCore
import ClavigerVerifier

/// What somebody wants a new role to be.
public struct RoleDraft: Sendable {
    /// The name.
    public var name: ResourceName
    /// Everything that can be changed later.
    public var attributes: Role.Attributes

    /// Makes a draft.
    public init(name: ResourceName, attributes: Role.Attributes) {
        self.name = name
        self.attributes = attributes
    }
}

/// What somebody wants changed of a role.
public struct RolePatch: Sendable {
    /// The word about it.
    public var description: Edit<String> = .keep
    /// What its holders may do.
    public var scopes: Edit<[Scope]> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

extension Authority {
    /// Makes a role.
    ///
    /// A role by itself gives nobody anything; giving it to a key is checked then.
    public func createRole(
        _ draft: RoleDraft,
        by caller: Caller,
        once: Once<Role>? = nil
    ) async throws -> Outcome<Role> {
        let action = AuditAction(.role, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            let caller = change.caller
            try caller.require(.roles(.create))
            if try change.tx.isTaken(roleName: draft.name, in: change.workspaceID) {
                throw Problem.taken("/name", "is or was the name of another role; names are never used twice")
            }
            let role = Role(
                id: change.newID(),
                workspaceID: change.workspaceID,
                name: draft.name,
                attributes: draft.attributes,
                isBuiltIn: false,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try change.tx.insert(role)
            try change.record(action, role.id.text, after: role.publicFields)
            return role
        }
    }

    /// One role.
    public func role(_ reference: Reference<Role>, by caller: Caller) async throws -> Role {
        try await self.read(AuditAction(.role, "read"), reference.text, by: caller) { tx, caller in
            try caller.require(.roles(.read))
            return try tx.existingRole(reference, in: caller.workspaceID)
        }
    }

    /// Roles by id.
    public func roles(page: PageRequest, by caller: Caller) async throws -> [Role] {
        try await self.read(AuditAction(.role, "list"), nil, by: caller) { tx, caller in
            try caller.require(.roles(.read))
            return try tx.roles(in: caller.workspaceID, page: page)
        }
    }

    /// Changes a role, and with it what all its holders may do.
    public func updateRole(
        _ reference: Reference<Role>,
        _ patch: RolePatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> Role {
        let action = AuditAction(.role, "update")
        return try await self.change(action, reference.text, by: caller, once: nil) { change in
            let caller = change.caller
            try caller.require(.roles(.update))
            var role = try change.tx.existingRole(reference, in: change.workspaceID)
            try Problem.checkVersion(version, is: role.version)
            try Self.refuseIfBuiltIn(role)
            let before = role.publicFields
            let formerScopes = role.attributes.scopes
            role.attributes.description = patch.description.applied(to: role.attributes.description)
            role.attributes.scopes = patch.scopes.applied(to: role.attributes.scopes)
            if case .set = patch.scopes {
                try Self.checkHolders(of: role, formerScopes, change)
                try Self.checkPolicies(of: role, formerScopes, change)
            }
            role.updatedAt = change.now
            role.version += 1
            try change.tx.update(role)
            change.effects.changed = try change.tx.lookupIDs(withRole: role.id, in: change.workspaceID)
            try change.record(action, role.id.text, before: before, after: role.publicFields)
            return role
        }.value
    }

    /// Removes a role that no key has.
    public func deleteRole(_ reference: Reference<Role>, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.role, "delete")
        _ = try await self.change(action, reference.text, by: caller, once: nil) { change in
            let caller = change.caller
            try caller.require(.roles(.delete))
            let role = try change.tx.existingRole(reference, in: change.workspaceID)
            try Problem.checkVersion(version, is: role.version)
            try Self.refuseIfBuiltIn(role)
            guard try !change.tx.isInUse(role.id, in: change.workspaceID) else {
                throw Problem(.stateConflict, "Keys still have the role. Take it from them first.")
            }
            try change.tx.delete(role.id, in: change.workspaceID, at: change.now)
            try change.record(action, role.id.text, before: role.publicFields)
        }
    }

    private static func refuseIfBuiltIn(_ role: Role) throws(Problem) {
        guard !role.isBuiltIn else {
            throw Problem(.stateConflict, "The role came with Claviger and cannot be changed or deleted.")
        }
    }

    /// A role must not bring the keys that hold it what the policies or the catalogue keep from them.
    private static func checkPolicies(of role: Role, _ formerScopes: [Scope], _ change: Change) throws {
        let former = Set(formerScopes)
        let added = role.attributes.scopes.enumerated().filter { !former.contains($0.element) }
        guard !added.isEmpty else { return }
        let policies = try change.tx.policies(in: change.workspaceID)
        var violations: [Int: Violation] = [:]
        for place in try change.tx.places(ofKeysWith: role.id, in: change.workspaceID) {
            guard let api = try change.tx.api(place.apiID, in: change.workspaceID),
                let environment = api.environment(named: place.environment)
            else { continue }
            let rules = PlaceRules(policies, api: api, environment: environment)
            for (index, scope) in added where violations[index] == nil {
                let found = rules.violation(ofRoleWith: scope, at: change.now)
                violations[index] = found.map {
                    Violation(
                        "/scopes/\(index)",
                        "is not for keys that have the role, in \(environment.name.text) of \(api.name.text): \($0.message)",
                        rule: $0.rule,
                        policy: $0.policy
                    )
                }
            }
        }
        guard violations.isEmpty else {
            throw Problem.validation(violations.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    /// A role that management keys hold must not get scopes that the caller does not have, nor lose such, and not from
    /// a caller whose own time or place is limited, as its holders may live longer and be elsewhere (promise P8).
    private static func checkHolders(of role: Role, _ formerScopes: [Scope], _ change: Change) throws {
        guard let management = try change.tx.api(named: API.managementName, in: change.workspaceID),
            try change.tx.isInUse(role.id, onKeysOf: management.id, in: change.workspaceID)
        else { return }
        if let missing = change.caller.scopes.missing(from: role.attributes.scopes + formerScopes).first {
            throw Problem.forbidden(needed: missing)
        }
        guard change.caller.expiresAt == nil, change.caller.restrictions.isEmpty else {
            throw Problem(
                .forbidden,
                "Management keys hold the role; one that expires, or has restrictions, cannot change its scopes."
            )
        }
    }
}
