import ClavigerCore
import ClavigerService

extension APIDraft {
    /// Reads the body of `POST /v1/apis`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let name = body.required("name", ResourceName.init(parsing:))
        let prefix = body.required("prefix", TokenPrefix.init(parsing:))
        var attributes = API.Attributes(description: body.optional("description", Field.text).flatMap(\.nonEmpty))
        if let environments = body.environments() { attributes.environments = environments }
        if let catalogue = body.catalogue() { attributes.catalogue = catalogue }
        attributes.defaults.lifetime =
            body.nested("defaults") { $0.optional("lifetime", Field.lifetime).map(Optional.some) } ?? nil
        if let rules = EndpointRules(reading: &body) { attributes.endpointRules = rules }
        attributes.limits = RateLimits.read("limits", from: &body) ?? .none
        if let policy = body.optional("leakPolicy", LeakPolicy.init(parsing:)) { attributes.leakPolicy = policy }
        try body.finish()
        guard let name, let prefix else { throw .validation(body.violations) }
        self.init(name: name, prefix: prefix, attributes: attributes)
    }
}

extension APIPatch {
    /// Reads the body of `PATCH /v1/apis/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        self.description = body.edit("description", Field.text)
        if case .set("") = self.description { self.description = .remove }
        if body.has("environments"), body.refuseNull("environments"), let environments = body.environments() {
            self.environments = .set(environments)
        }
        if body.has("scopes") { self.catalogue = .set(body.catalogue() ?? []) }
        if body.isNull("defaults") {
            _ = body.value("defaults")
            self.defaultLifetime = .remove
        } else if let lifetime = body.nested("defaults", { Optional.some($0.edit("lifetime", Field.lifetime)) }) {
            self.defaultLifetime = lifetime
        }
        let (hasRules, hasOtherwise) = (body.has("endpointRules"), body.has("whenNoRuleMatches"))
        if let rules = EndpointRules(reading: &body) {
            if hasRules { self.endpointRules = .set(rules.rules) }
            if hasOtherwise { self.whenNoRuleMatches = .set(rules.whenNoRuleMatches) }
        }
        self.limits = body.editLimits("limits")
        self.leakPolicy = body.edit("leakPolicy", LeakPolicy.init(parsing:))
        try body.finish()
    }
}

extension ObjectReader {
    fileprivate mutating func environments() -> [API.Environment]? {
        let environments = self.objects("environments", atMost: 16) { API.Environment(reading: &$0) }
        guard let environments else { return nil }
        if self.value("environments")?.array?.isEmpty == true {
            self.refuse("environments", "must have at least one environment")
        }
        if Set(environments.map(\.name)).count < environments.count {
            self.refuse("environments", "must not have two environments of one name")
        }
        if Set(environments.flatMap { [$0.tag, $0.publishableTag] }).count < environments.count * 2 {
            self.refuse("environments", "must not use one tag twice, the tags of publishable keys included")
        }
        return environments
    }

    fileprivate mutating func catalogue() -> [API.CatalogueEntry]? {
        let entries = self.objects("scopes", atMost: 256) { API.CatalogueEntry(reading: &$0) }
        if let entries, Set(entries.map(\.scope)).count < entries.count {
            self.refuse("scopes", "must not have one scope twice")
        }
        return entries
    }
}

extension String {
    var nonEmpty: String? { self.isEmpty ? nil : self }
}
