import ClavigerCore

/// What the policies say of how keys live, place by place, as of one transaction.
struct PlaceLifecycles {
    private var rules: [KeyFilter.Place: LifecycleRules] = [:]
    /// The built-in api, whose keys are power over Claviger.
    private let management: API.ID?

    init(_ tx: any AuthorityReading, _ workspace: Workspace.ID) throws {
        let apis = try tx.apis(in: workspace)
        self.management = apis.first(where: \.isManagement)?.id
        let policies = try tx.policies(in: workspace)
        guard policies.contains(where: { $0.document.rotation != nil || $0.document.inactivity != nil }) else { return }
        for api in apis {
            for environment in api.attributes.environments {
                let lifecycle = PlaceRules(policies, api: api, environment: environment).lifecycle
                self.rules[KeyFilter.Place(apiID: api.id, environment: environment.name)] = lifecycle
            }
        }
    }

    /// The places whose keys have to be rotated; of younger credentials there is nothing to be said yet.
    func rotating(at now: Timestamp) -> [KeyLifeFilter.Place] {
        self.rules.compactMap { place, rules in
            rules.rotation.map { KeyLifeFilter.Place(place, madeBy: now - ($0.every - $0.window)) }
        }
    }

    /// The places in which keys have to be used; younger keys have time.
    ///
    /// Not those of management keys: the calls that are made with these are on record in the audit log, and not as uses.
    func watchingUse(at now: Timestamp) -> [KeyLifeFilter.Place] {
        self.rules.compactMap { place, rules in
            guard place.apiID != self.management else { return nil }
            return rules.inactivity?.firstStep.map { KeyLifeFilter.Place(place, madeBy: now - $0) }
        }
    }

    /// How often a key has to be rotated; nil where no policy reaches it.
    func rotation(_ key: KeyLife, _ tx: any AuthorityReading, _ workspace: Workspace.ID) throws -> RotationRule? {
        guard let rules = self.rules(of: key), let rule = rules.rotation, try self.reaches(key, rules, tx, workspace)
        else { return nil }
        return rule
    }

    /// When a policy for the key was last changed.
    func changedAt(_ key: KeyLife) -> Timestamp? { self.rules(of: key)?.changedAt }

    /// What becomes of a key that nobody uses; nil where no policy reaches it.
    func inactivity(_ key: KeyLife) -> InactivityRule? {
        self.isManagement(key) ? nil : self.rules(of: key)?.inactivity
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
