import ClavigerCore

extension AuthorityReading {
    /// The rules by which a key is rotated: what the policies of its api and environment say, or the usual ones.
    func rotationRules(for api: API, _ environment: EnvironmentName, _ key: APIKey) throws -> RotationRules {
        let rules = try self.lifecycleRules(of: api, environment)
        // Nothing becomes of those that are spared, and nobody tells them that it does.
        let reaches = try rules.reaches(self.granted(to: key))
        var result = rules.rotation.map { RotationRules($0) } ?? RotationRules()
        if !reaches { result.every = nil }
        let life = try self.keyLife(key.id, in: key.workspaceID)
        result.mustRotateBy = life?.rotationClock(reaches ? rules.rotation : nil, ruledAt: rules.changedAt).dueAt
        return result
    }
}

extension RotationRules {
    /// What a policy says of a rotation itself.
    init(_ rule: RotationRule) {
        self.init(
            mostLiveCredentials: rule.mostLiveCredentials,
            holderMayRotate: rule.holderMayRotate,
            every: rule.every
        )
        if let longest = rule.maximumGrace { self.maximumGrace = longest }
        // In a grace, two credentials can be used.
        if rule.mostLiveCredentials == 1 { self.maximumGrace = .zero }
    }
}
