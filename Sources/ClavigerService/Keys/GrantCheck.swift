import ClavigerCore

/// Whether a key may be given what it is to have: what exists, what the api knows, what the caller has (promise P8).
struct GrantCheck {
    let api: API
    let kind: KeyKind
    let pointer: String
    private(set) var violations: [Violation] = []

    init(api: API, kind: KeyKind, pointer: String) {
        self.api = api
        self.kind = kind
        self.pointer = pointer
    }

    mutating func refuse(_ field: String, _ message: String) {
        self.violations.append(Violation("\(self.pointer)/\(field)", message))
    }

    mutating func refuse(_ violations: [Violation]) {
        self.violations += violations
    }

    /// Checks attributes against the api and the caller.
    mutating func check(_ attributes: inout APIKey.Attributes, _ change: Change) throws {
        try self.check(&attributes, from: change.caller.reach, change.tx)
    }

    /// Checks attributes against the api and against whoever gives; nil while nobody does yet.
    mutating func check(_ attributes: inout APIKey.Attributes, from giver: Reach?, _ tx: any AuthorityReading) throws {
        for (index, scope) in attributes.scopes.enumerated() where !self.api.unknownScopes(among: [scope]).isEmpty {
            self.refuse("scopes/\(index)", "is not in the scope catalogue of the api \(self.api.name.text)")
        }
        var granted = attributes.scopes
        for (index, name) in attributes.roles.enumerated() {
            if let role = try tx.role(named: name, in: self.api.workspaceID) {
                granted += role.attributes.scopes
                if !self.api.unknownScopes(among: role.attributes.scopes).isEmpty {
                    self.refuse("roles/\(index)", "has scopes outside the catalogue of the api \(self.api.name.text)")
                }
            } else {
                self.refuse("roles/\(index)", "is not the name of a role in this workspace")
            }
        }
        self.checkTimes(attributes, giver)
        self.checkKind(attributes)
        self.checkManagement(&attributes, giver)
        // The scopes of other apis' keys mean nothing to Claviger; those of management keys are power over it.
        if self.api.isManagement, let missing = giver?.scopes.missing(from: granted).first {
            throw Problem.forbidden(needed: missing)
        }
    }

    /// A publishable key is seen by everybody: it has scopes that the api calls safe, and no roles, as they change.
    private mutating func checkKind(_ attributes: APIKey.Attributes) {
        guard self.kind == .publishable else { return }
        if self.api.isManagement { self.refuse("kind", "must be secret: management keys are never publishable") }
        if !attributes.roles.isEmpty { self.refuse("roles", "must be empty on a publishable key") }
        for (index, scope) in attributes.scopes.enumerated()
        where !self.api.unpublishableScopes(among: [scope]).isEmpty {
            self.refuse(
                "scopes/\(index)",
                "is not a scope that the catalogue of the api \(self.api.name.text) marks as publishable"
            )
        }
    }

    /// A management key that may be used from few places only must not make one that may be used from everywhere, and
    /// nothing limits how often management keys are used.
    private mutating func checkManagement(_ attributes: inout APIKey.Attributes, _ giver: Reach?) {
        guard self.api.isManagement else { return }
        if !attributes.allowance.isUnlimited {
            self.refuse("limits", "cannot be given to management keys, nor can credits or a plan")
        }
        guard let own = giver?.restrictions, !own.isEmpty else { return }
        if attributes.restrictions.isEmpty {
            attributes.restrictions = own
        } else if attributes.restrictions != own {
            self.refuse("restrictions", "must be left out or be those of your own management key")
        }
    }

    private mutating func checkTimes(_ attributes: APIKey.Attributes, _ giver: Reach?) {
        if let notBefore = attributes.notBefore, let expiresAt = attributes.expiresAt, notBefore >= expiresAt {
            self.refuse("notBefore", "must be before expiresAt")
        }
        guard let limit = giver?.expiresAt else { return }
        if attributes.expiresAt.map({ $0 > limit }) ?? true {
            self.refuse(
                "expiresAt",
                "must be given and not be after \(limit.text), when your own management key expires"
            )
        }
    }
}
