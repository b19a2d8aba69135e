import ClavigerCore
import ClavigerService

/// What a key is granted, as requests and lines of imports write it.
struct GrantedFields {
    let scopes: [Scope]
    let roles: [ResourceName]
    let notBefore: Timestamp?
    let expiresAt: Timestamp?
    let restrictions: Restrictions
    let allowance: Allowance
    let plan: Reference<Plan>?
    var metadata: Metadata

    func attributes(named name: Label) -> APIKey.Attributes {
        APIKey.Attributes(
            name: name,
            scopes: self.scopes.unique(),
            roles: self.roles.unique(),
            notBefore: self.notBefore,
            expiresAt: self.expiresAt,
            restrictions: self.restrictions,
            allowance: self.allowance,
            metadata: self.metadata
        )
    }
}

extension ObjectReader {
    /// Reads what a key is granted.
    mutating func granted() -> GrantedFields {
        let scopes = self.list("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:)) ?? []
        let roles = self.list("roles", atMost: KeyDraft.mostRoles, ResourceName.init(parsing:)) ?? []
        let notBefore = self.optional("notBefore", Field.timestamp)
        let expiresAt = self.optional("expiresAt", Field.timestamp)
        let restrictions = self.nested("restrictions") { Restrictions(reading: &$0) } ?? .none
        let (allowance, plan) = self.allowance()
        return GrantedFields(
            scopes: scopes,
            roles: roles,
            notBefore: notBefore,
            expiresAt: expiresAt,
            restrictions: restrictions,
            allowance: allowance,
            plan: plan,
            metadata: self.metadata()
        )
    }
}
