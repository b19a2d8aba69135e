import ClavigerCore

extension AuthorityReading {
    /// The rules by which a key is rotated: what the policies of its api and environment say, or the usual ones.
    func rotationRules(for api: API, _ environment: EnvironmentName, _ key: APIKey) throws -> RotationRules {
        let rules = try self.lifecycleRules(of: api, environment)
        guard let rule = rules.rotation else { return RotationRules() }
        var result = RotationRules(rule)
        // Nothing becomes of those that are spared, and nobody tells them that it does.
        if try !rules.reaches(self.granted(to: key)) { result.every = nil }
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
