import ClavigerCore

/// Whether a key may be given what it is to have: what exists, what the api knows, what the caller has (promise P8).
struct GrantCheck {
    let api: API
    let pointer: String
    private(set) var violations: [Violation] = []

    init(api: API, pointer: String) {
        self.api = api
        self.pointer = pointer
    }

    mutating func refuse(_ field: String, _ message: String) {
        self.violations.append(Violation("\(self.pointer)/\(field)", message))
    }

    /// Checks attributes against the api and the caller; fills in the api's default life.
    mutating func check(_ attributes: inout APIKey.Attributes, _ change: Change) throws {
        for (index, scope) in attributes.scopes.enumerated() where !self.api.unknownScopes(among: [scope]).isEmpty {
            self.refuse("scopes/\(index)", "is not in the scope catalogue of the api \(self.api.name.text)")
        }
        var granted = attributes.scopes
        for (index, name) in attributes.roles.enumerated() {
            if let role = try change.tx.role(named: name, in: change.workspaceID) {
                granted += role.attributes.scopes
                if !self.api.unknownScopes(among: role.attributes.scopes).isEmpty {
                    self.refuse("roles/\(index)", "has scopes outside the catalogue of the api \(self.api.name.text)")
                }
            } else {
                self.refuse("roles/\(index)", "is not the name of a role in this workspace")
            }
        }
        self.checkTimes(attributes, change)
        // The scopes of other apis' keys mean nothing to Claviger; those of management keys are power over it.
        if self.api.isManagement, let missing = change.caller.scopes.missing(from: granted).first {
            throw Problem.forbidden(needed: missing)
        }
    }

    private mutating func checkTimes(_ attributes: APIKey.Attributes, _ change: Change) {
        if let notBefore = attributes.notBefore, let expiresAt = attributes.expiresAt, notBefore >= expiresAt {
            self.refuse("notBefore", "must be before expiresAt")
        }
        guard let limit = change.caller.expiresAt else { return }
        if attributes.expiresAt.map({ $0 > limit }) ?? true {
            self.refuse(
                "expiresAt",
                "must be given and not be after \(limit.text), when your own management key expires"
            )
        }
    }
}
