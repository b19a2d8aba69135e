// The one JSON form of a policy: in requests and answers, in the database and in the audit log.

extension PolicyDocument {
    /// The most bytes that a document may have in its JSON form: an audit record has two of them.
    public static let largest = 16 * 1024
    private static let mostNames = 100
    private static let mostPatterns = 16

    /// Reads a document, and refuses one whose rules contradict each other; everything that is wrong is told at once.
    public init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        self.init()
        self.description = body.optional("description") { text throws(FieldError) in
            try Label(parsing: text, atMost: 500).text
        }
        if body.value("appliesTo") == nil { body.refuse("appliesTo", "is required; {} means all but management keys") }
        _ = body.nested("appliesTo") { reader -> Void? in
            self.apis = reader.distinct("apis", atMost: Self.mostNames, ResourceName.init(parsing:))
            self.environments = reader.distinct(
                "environments",
                atMost: Self.mostNames,
                EnvironmentName.init(parsing:)
            )
            for name in ["apis", "environments"] where reader.value(name)?.array?.isEmpty == true {
                reader.refuse(name, "must name at least one; leave it out to mean all")
            }
            return ()
        }
        self.readRules(&body)
        self.rotation = body.nested("rotation") { RotationRule(reading: &$0) }
        self.inactivity = body.nested("inactivity") { InactivityRule(reading: &$0) }
        self.approvals = body.nested("approvals") { ApprovalRule(reading: &$0) }
        self.template = body.nested("template") { PolicyTemplate(reading: &$0) } ?? PolicyTemplate()
        body.add(self.contradictionsOfTemplate)
        try body.finish()
        guard self.json.serialized().count <= Self.largest else {
            throw .validation([Violation("", "must take at most \(Self.largest / 1024) KiB as JSON")])
        }
    }

    private mutating func readRules(_ body: inout ObjectReader) {
        var patterns: [TextPattern] = []
        _ = body.nested("name") { reader -> Void? in
            patterns = reader.distinct("patterns", atMost: Self.mostPatterns, TextPattern.init(parsing:))
            if patterns.isEmpty, reader.value("patterns")?.array?.isEmpty ?? true {
                reader.refuse("patterns", "must have at least one pattern")
            }
            return ()
        }
        self.namePatterns = patterns
        var metadata: [MetadataRule] = []
        _ = body.nested("metadata") { reader -> Void? in
            metadata = reader.objects("required", atMost: MetadataRule.most) { MetadataRule(reading: &$0) } ?? []
            if Set(metadata.map(\.name)).count < metadata.count {
                reader.refuse("required", "must name a member only once")
            }
            return ()
        }
        self.metadata = metadata
        var kinds: [Consumer.Kind] = []
        _ = body.nested("owners") { reader -> Void? in
            kinds = reader.distinct("kinds", atMost: Consumer.Kind.allCases.count, ObjectReader.parseChoice)
            if reader.value("kinds")?.array?.isEmpty ?? true {
                reader.refuse("kinds", "must have at least one kind: with none, nobody could own a key")
            }
            return ()
        }
        self.ownerKinds = kinds
        self.scopes = body.nested("scopes") { ScopeRules(reading: &$0) } ?? ScopeRules()
        self.restrictions = body.nested("restrictions") { RestrictionRules(reading: &$0) } ?? RestrictionRules()
        self.lifetime = body.nested("lifetime") { LifetimeRules(reading: &$0) } ?? LifetimeRules()
    }

    /// The form that is read; what asks for nothing is left out.
    public var json: JSON {
        [
            "description": self.description.map(JSON.string),
            "appliesTo": [
                "apis": JSON.texts(self.apis.map(\.text)), "environments": JSON.texts(self.environments.map(\.text)),
            ],
            "name": self.namePatterns.isEmpty ? nil : ["patterns": JSON.texts(self.namePatterns.map(\.text))],
            "metadata": self.metadata.isEmpty ? nil : ["required": .array(self.metadata.map(\.json))],
            "owners": self.ownerKinds.isEmpty ? nil : ["kinds": JSON.texts(self.ownerKinds.map(\.rawValue))],
            "scopes": self.scopes.isEmpty ? nil : self.scopes.json,
            "restrictions": self.restrictions.isEmpty ? nil : self.restrictions.json,
            "lifetime": self.lifetime.isEmpty ? nil : self.lifetime.json,
            "rotation": self.rotation?.json,
            "inactivity": self.inactivity?.json,
            "approvals": self.approvals?.json,
            "template": self.template.isEmpty ? nil : self.template.json,
        ]
    }
}
