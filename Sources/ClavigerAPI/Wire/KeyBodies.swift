import ClavigerCore
import ClavigerService

extension KeyDraft {
    static let mostScopes = 256
    static let mostRoles = 32
    static let largestBatch = 1000

    /// Reads the body of `POST /v1/keys`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        var draft = Self.read(&body, pointer: "")
        draft?.breakGlass = body.nested("breakGlass") { BreakGlass(reading: &$0) }
        try body.finish()
        guard let draft else { throw .validation(body.violations) }
        self = draft
    }

    /// Reads the body of `POST /v1/keys/batch`.
    static func batch(reading json: JSON) throws(Problem) -> [KeyDraft] {
        var body = try ObjectReader(body: json)
        if body.value("keys") == nil { body.refuse("keys", "is required") }
        if body.value("keys")?.array?.isEmpty == true { body.refuse("keys", "must have at least one key") }
        var index = 0
        let drafts = body.objects("keys", atMost: Self.largestBatch) { reader in
            defer { index += 1 }
            return Self.read(&reader, pointer: "/keys/\(index)")
        }
        try body.finish()
        return drafts ?? []
    }

    static func read(_ body: inout ObjectReader, pointer: String) -> KeyDraft? {
        let api = body.required("apiId", Reference<API>.init(parsing:))
        let environment = body.required("environment", EnvironmentName.init(parsing:))
        let id = body.optional("consumerId", Field.id(of: Consumer.self))
        let externalID = body.optional("consumerExternalId", Field.externalID)
        let owner = id.map(Owner.id) ?? externalID.map(Owner.externalID)
        if body.value("consumerId") != nil, body.value("consumerExternalId") != nil {
            body.refuse("consumerExternalId", "must not be given together with consumerId")
        } else if body.value("consumerId") == nil, body.value("consumerExternalId") == nil {
            body.refuse("consumerId", "is required, or consumerExternalId instead")
        }
        let name = body.required("name", Field.label)
        let kind = body.optional("kind", Field.name(of: KeyKind.self)) ?? .secret
        let granted = body.granted()
        guard let api, let environment, let owner, let name else { return nil }
        return KeyDraft(
            api: api,
            environment: environment,
            owner: owner,
            kind: kind,
            plan: granted.plan,
            attributes: granted.attributes(named: name),
            pointer: pointer
        )
    }
}

extension KeyPatch {
    /// Reads the body of `PATCH /v1/keys/{id}`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        self.init(&body)
        try body.finish()
    }

    /// Takes the fields of a key out of a body that may have others.
    init(_ body: inout ObjectReader) {
        self.init()
        self.name = body.editRequired("name", Field.label)
        self.scopes = body.editList("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:)).unique()
        self.roles = body.editList("roles", atMost: KeyDraft.mostRoles, ResourceName.init(parsing:)).unique()
        self.notBefore = body.edit("notBefore", Field.timestamp)
        self.expiresAt = body.edit("expiresAt", Field.timestamp)
        self.restrictions = body.editWhole("restrictions") { Restrictions(reading: &$0) }
        (self.allowance, self.plan) = body.editAllowance()
        self.metadata = body.editMetadata()
    }
}

extension TransitionRequest {
    /// Reads the body of `POST /v1/keys/{id}/suspend` and its siblings.
    init(reading json: JSON, needsReason: Bool) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        if needsReason {
            self.reason = body.required("reason", Field.name(of: TransitionReason.self))
        } else {
            self.reason = body.optional("reason", Field.name(of: TransitionReason.self))
        }
        self.note = body.optional("note", Field.text).flatMap(\.nonEmpty)
        try body.finish()
    }
}

extension Array where Element: Hashable {
    /// The elements in their order, each once.
    func unique() -> [Element] {
        var seen: Set<Element> = []
        return self.filter { seen.insert($0).inserted }
    }
}

extension Edit {
    fileprivate func unique<Element: Hashable>() -> Edit where Value == [Element] {
        guard case .set(let list) = self else { return self }
        return .set(list.unique())
    }
}
