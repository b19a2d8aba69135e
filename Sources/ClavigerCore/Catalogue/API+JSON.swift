// The one JSON form of what an api is made of: in requests and answers, in the database and in the audit log.

extension API.Environment {
    /// Reads `{"name", "tag", "publishableTag"?, "restrictions"?: {"defaults"?, "required"?},
    /// "leakPolicy"?, "approval"?: {…}}`.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let name = reader.required("name", EnvironmentName.init(parsing:))
        let tag = reader.required("tag", TokenTag.init(parsing:))
        let publishableTag = reader.optional("publishableTag", TokenTag.init(parsing:))
        var defaults = Restrictions.none
        var required = Restrictions.none
        _ = reader.nested("restrictions") { reader -> Void? in
            if let read = reader.nested("defaults", { Restrictions(reading: &$0) }) { defaults = read }
            if let read = reader.nested("required", { Restrictions(reading: &$0) }) { required = read }
            return ()
        }
        let leakPolicy = reader.optional("leakPolicy", LeakPolicy.init(parsing:))
        let approval = reader.nested("approval") { ApprovalRules(reading: &$0) }
        // What was refused reads as what is missing; an environment without its restrictions would be a weaker one.
        guard let name, let tag, reader.violations.count == before else { return nil }
        self.init(
            name: name,
            tag: tag,
            publishableTag: publishableTag,
            defaultRestrictions: defaults,
            requiredRestrictions: required,
            leakPolicy: leakPolicy,
            approval: approval
        )
    }

    /// The form that is read.
    public var json: JSON {
        let isRestricted = !self.defaultRestrictions.isEmpty || !self.requiredRestrictions.isEmpty
        let restrictions: JSON = [
            "defaults": self.defaultRestrictions.isEmpty ? nil : self.defaultRestrictions.json,
            "required": self.requiredRestrictions.isEmpty ? nil : self.requiredRestrictions.json,
        ]
        return [
            "name": .string(self.name.text),
            "tag": .string(self.tag.text),
            "publishableTag": .string(self.publishableTag.text),
            "restrictions": isRestricted ? restrictions : nil,
            "leakPolicy": self.leakPolicy.map { .string($0.rawValue) },
            "approval": self.approval?.json,
        ]
    }
}

extension LeakPolicy {
    /// Reads the name of a policy.
    public init(parsing text: String) throws(FieldError) {
        guard let policy = Self(rawValue: text) else {
            throw FieldError("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = policy
    }
}

extension API.CatalogueEntry {
    /// Reads `{"name", "description"?, "publishable"?, "environments"?}`.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let scope = reader.required("name") { text throws(FieldError) in
            let scope = try Scope(parsing: text)
            guard !scope.hasWildcard else { throw FieldError("must not have a * in the catalogue") }
            return scope
        }
        let description = reader.optional("description") { text throws(FieldError) in
            text.isEmpty ? "" : try Label(parsing: text, atMost: 500).text
        }
        var isPublishable = false
        if let value = reader.value("publishable") {
            if case .bool(let given) = value {
                isPublishable = given
            } else {
                reader.refuse("publishable", "must be true or false")
            }
        }
        let environments = reader.distinct("environments", atMost: 32, EnvironmentName.init(parsing:))
        if reader.value("environments")?.array?.isEmpty == true {
            reader.refuse("environments", "must name at least one; leave it out to mean all")
        }
        guard let scope, reader.violations.count == before else { return nil }
        self.init(
            scope: scope,
            description: description ?? "",
            isPublishable: isPublishable,
            environments: environments
        )
    }

    /// The form that is read.
    public var json: JSON {
        [
            "name": .string(self.scope.text), "description": .string(self.description),
            "publishable": self.isPublishable ? true : nil,
            "environments": self.environments.isEmpty ? nil : .array(self.environments.map { .string($0.text) }),
        ]
    }
}
