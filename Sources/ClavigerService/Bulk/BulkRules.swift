import ClavigerCore

/// What policies and approvals say of each key that is changed together with many others.
///
/// A change of many keys is no way around what one key is refused.
final class BulkRules<By: Author> {
    private let change: ChangeBy<By>
    private var apis: [API.ID: API] = [:]
    private var places: PlaceRulesCache

    init(_ change: ChangeBy<By>) throws {
        self.change = change
        self.places = try PlaceRulesCache(change.tx, change.workspaceID)
    }

    /// Refuses to let a suspended key be used again that is in breach of a policy.
    func checkResume(of key: APIKey) throws {
        guard case .suspended = key.state, let rules = try self.rules(of: key), !rules.isEmpty else { return }
        try self.refuse(rules.violations(of: try self.change.tx.policySubject(of: key)), key)
    }

    /// Refuses what would be in breach of a policy, or lets the key do more without the approval that it needs.
    func checkChange(of key: APIKey, to attributes: APIKey.Attributes) throws {
        guard let rules = try self.rules(of: key) else { return }
        try self.change.refuseWideningWithoutApproval(of: key, rules, to: attributes)
        guard !rules.isEmpty else { return }
        var wanted = key
        wanted.attributes = attributes
        let fields = key.attributes.fields(changedIn: attributes)
        try self.refuse(try self.change.policyViolations(of: wanted, from: key, rules, touching: fields), key)
    }

    /// Refuses an owner whom the policies do not let have such a key.
    func checkTransfer(of key: APIKey, to owner: Consumer) throws {
        guard let rules = try self.rules(of: key), !rules.isEmpty else { return }
        var wanted = key
        wanted.consumerID = owner.id
        try self.refuse(
            try self.change.policyViolations(of: wanted, from: key, rules, touching: ["consumerId"]),
            key
        )
    }

    private func rules(of key: APIKey) throws -> PlaceRules? {
        if self.apis[key.apiID] == nil { self.apis[key.apiID] = try self.change.tx.api(key.apiID, in: key.workspaceID) }
        guard let api = self.apis[key.apiID], let environment = api.environment(named: key.environment) else {
            return nil
        }
        return self.places.rules(api, environment)
    }

    private func refuse(_ violations: [Violation], _ key: APIKey) throws(Problem) {
        guard let violation = violations.first else { return }
        let rule = violation.rule.map { " (rule \($0))" } ?? ""
        throw Problem(
            .stateConflict,
            "The key \(key.id.text) would be in breach: \(violation.pointer) \(violation.message)\(rule). No key was changed."
        )
    }
}
