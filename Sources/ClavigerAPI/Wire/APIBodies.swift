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
        try body.finish()
    }
}

extension ObjectReader {
    fileprivate mutating func environments() -> [API.Environment]? {
        let environments = self.objects("environments", atMost: 16) { reader in
            let name = reader.required("name", EnvironmentName.init(parsing:))
            let tag = reader.required("tag", TokenTag.init(parsing:))
            guard let name, let tag else { return API.Environment?.none }
            return API.Environment(name: name, tag: tag)
        }
        guard let environments else { return nil }
        if self.value("environments")?.array?.isEmpty == true {
            self.refuse("environments", "must have at least one environment")
        }
        if Set(environments.map(\.name)).count < environments.count {
            self.refuse("environments", "must not have two environments of one name")
        }
        if Set(environments.map(\.tag)).count < environments.count {
            self.refuse("environments", "must not have two environments with one tag")
        }
        return environments
    }

    fileprivate mutating func catalogue() -> [API.CatalogueEntry]? {
        let entries = self.objects("scopes", atMost: 256) { reader in
            let scope = reader.required("name", Field.plainScope)
            let description = reader.optional("description", Field.text) ?? ""
            return scope.map { API.CatalogueEntry(scope: $0, description: description) }
        }
        if let entries, Set(entries.map(\.scope)).count < entries.count {
            self.refuse("scopes", "must not have one scope twice")
        }
        return entries
    }
}

extension String {
    var nonEmpty: String? { self.isEmpty ? nil : self }
}
