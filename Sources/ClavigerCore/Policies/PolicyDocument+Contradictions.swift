// Rules of which no key could meet both: found when a policy is given, not when the first key is refused.

extension PolicyDocument {
    /// Where what the template fills in would be refused by the policy itself.
    var contradictionsOfTemplate: [Violation] {
        var violations: [Violation] = []
        let subject = PolicySubject(
            name: "",
            ownerKind: nil,
            scopes: self.template.scopes,
            metadata: self.template.metadata,
            createdAt: .earliest
        )
        if !self.template.scopes.isEmpty {
            self.scopes.check(subject) { pointer, rule, message in
                violations.append(Violation("/template\(pointer)", "contradicts \(rule): \(message)"))
            }
        }
        for rule in self.metadata where self.template.metadata[rule.name] != nil {
            rule.check(self.template.metadata) { pointer, rule, message in
                violations.append(Violation("/template\(pointer)", "contradicts \(rule): \(message)"))
            }
        }
        if let lifetime = self.template.lifetime, let maximum = self.lifetime.maximum, lifetime > maximum {
            violations.append(Violation("/template/lifetime", "contradicts lifetime.maximum, which is shorter"))
        }
        return violations
    }

    /// Where no key could meet both this document and another policy for the same keys.
    public func contradictions(with other: Policy) -> [Violation] {
        let name = other.name.text
        let theirs = other.document
        var violations: [Violation] = []
        func refuse(_ pointer: String, _ what: String) {
            violations.append(Violation(pointer, "contradicts \(what) of the policy \(name)"))
        }
        if !theirs.scopes.allowed.isEmpty {
            let allowed = ScopeSet(theirs.scopes.allowed)
            for (index, scope) in self.scopes.required.enumerated() where !allowed.covers(scope) {
                refuse("/scopes/required/\(index)", "scopes.allowed")
            }
        }
        if !self.scopes.allowed.isEmpty, !ScopeSet(self.scopes.allowed).missing(from: theirs.scopes.required).isEmpty {
            refuse("/scopes/allowed", "scopes.required")
        }
        for (index, scope) in self.scopes.required.enumerated() where theirs.scopes.breadthMessage(of: scope) != nil {
            refuse("/scopes/required/\(index)", theirs.scopes.breadthRule())
        }
        let required = Set(self.scopes.required + theirs.scopes.required).count
        if let most = self.scopes.most, most < required { refuse("/scopes/most", "scopes.required") }
        if let most = theirs.scopes.most, most < required { refuse("/scopes/required", "scopes.most") }
        if !self.ownerKinds.isEmpty, !theirs.ownerKinds.isEmpty,
            Set(self.ownerKinds).isDisjoint(with: theirs.ownerKinds)
        {
            refuse("/owners/kinds", "owners.kinds")
        }
        if let mine = self.rotation, let their = theirs.rotation, !mine.stricter(with: their).canBeKept {
            refuse("/rotation", "rotation")
        }
        for (index, rule) in self.metadata.enumerated() {
            guard let their = theirs.metadata.first(where: { $0.name == rule.name }) else { continue }
            // Where neither lists its values, whether two patterns have a text in common is left open.
            let candidates = rule.values.isEmpty ? their.values : rule.values
            if !candidates.isEmpty, !candidates.contains(where: { rule.fits($0) && their.fits($0) }) {
                refuse("/metadata/required/\(index)", "metadata.values")
            }
        }
        return violations
    }
}

extension MetadataRule {
    fileprivate func fits(_ value: String) -> Bool {
        (self.values.isEmpty || self.values.contains(value)) && (self.pattern?.matches(value) ?? true)
    }
}
