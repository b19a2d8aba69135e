import ClavigerCore

/// What the policies say of how keys live, place by place, as of one transaction.
struct PlaceLifecycles {
    private var rules: [KeyFilter.Place: LifecycleRules] = [:]
    /// The built-in api, whose keys are power over Claviger.
    private let management: API.ID?

    init(_ tx: any AuthorityReading, _ workspace: Workspace.ID) throws {
        let apis = try tx.apis(in: workspace)
        self.management = apis.first(where: \.isManagement)?.id
        let policies = try tx.policies(in: workspace).filter {
            $0.document.rotation != nil || $0.document.inactivity != nil
        }
        guard !policies.isEmpty else { return }
        for api in apis {
            for environment in api.attributes.environments {
                let lifecycle = PlaceRules(policies, api: api, environment: environment).lifecycle
                self.rules[KeyFilter.Place(apiID: api.id, environment: environment.name)] = lifecycle
            }
        }
    }

    /// The places whose keys have to be rotated.
    var rotating: [KeyFilter.Place] { self.rules.filter { $0.value.rotation != nil }.map(\.key) }
    /// The places in which keys have to be used.
    var watchingUse: [KeyFilter.Place] { self.rules.filter { $0.value.inactivity != nil }.map(\.key) }

    /// How often a key has to be rotated; nil where no policy reaches it.
    func rotation(_ key: KeyLife, _ tx: any AuthorityReading, _ workspace: Workspace.ID) throws -> RotationRule? {
        guard let rules = self.rules(of: key), let rule = rules.rotation, try self.reaches(key, rules, tx, workspace)
        else { return nil }
        return rule
    }

    /// What becomes of a key that nobody uses; nil where no policy reaches it.
    func inactivity(_ key: KeyLife, _ tx: any AuthorityReading, _ workspace: Workspace.ID) throws -> InactivityRule? {
        guard let rules = self.rules(of: key), let rule = rules.inactivity, try self.reaches(key, rules, tx, workspace)
        else { return nil }
        return rule
    }

    /// Whether a key is power over Claviger.
    func isManagement(_ key: KeyLife) -> Bool { key.apiID == self.management }

    private func rules(of key: KeyLife) -> LifecycleRules? {
        self.rules[KeyFilter.Place(apiID: key.apiID, environment: key.environment)]
    }

    private func reaches(
        _ key: KeyLife,
        _ rules: LifecycleRules,
        _ tx: any AuthorityReading,
        _ workspace: Workspace.ID
    ) throws -> Bool {
        guard rules.sparesOwners else { return true }
        guard let whole = try tx.key(key.id, in: workspace) else { return false }
        return rules.reaches(try tx.granted(to: whole))
    }
}
