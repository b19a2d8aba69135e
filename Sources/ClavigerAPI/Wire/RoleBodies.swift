import ClavigerCore
import ClavigerService

extension RoleDraft {
    /// Reads the body of `POST /v1/roles`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let name = body.required("name", ResourceName.init(parsing:))
        let description = body.optional("description", Field.text).flatMap(\.nonEmpty)
        if !body.has("scopes") || body.isNull("scopes") { body.refuse("scopes", "is required") }
        let scopes = body.list("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:))
        try body.finish()
        guard let name, let scopes else { throw .validation(body.violations) }
        self.init(name: name, attributes: Role.Attributes(description: description, scopes: scopes))
    }
}

extension RolePatch {
    /// Reads the body of `PATCH /v1/roles/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        self.description = body.edit("description", Field.text)
        if case .set("") = self.description { self.description = .remove }
        if body.has("scopes"), body.refuseNull("scopes") {
            self.scopes = body.editList("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:))
        }
        try body.finish()
    }
}
