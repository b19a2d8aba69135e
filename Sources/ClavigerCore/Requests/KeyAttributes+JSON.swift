// The JSON form of what is said of a key, as requests store and show it.

extension APIKey.Attributes {
    /// Reads the form that ``json`` has.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let name = reader.required("name") { text throws(FieldError) in try Label(parsing: text) }
        let scopes = reader.list("scopes", atMost: .max, Scope.init(parsing:)) ?? []
        let roles = reader.list("roles", atMost: .max, ResourceName.init(parsing:)) ?? []
        let notBefore = reader.optional("notBefore", Self.moment)
        let expiresAt = reader.optional("expiresAt", Self.moment)
        let restrictions = reader.nested("restrictions") { Restrictions(reading: &$0) } ?? .none
        let limits = RateLimits.read("limits", from: &reader) ?? .none
        let credits = reader.nested("credits") { CreditPolicy(reading: &$0) }
        let planID = reader.optional("planId") { text throws(FieldError) -> Plan.ID in
            guard let id = try? Plan.ID(parsing: text) else { throw FieldError("must be the id of a plan") }
            return id
        }
        let generation = reader.value("creditGeneration")?.integer ?? 1
        let since = reader.value("creditsSince")?.integer ?? 0
        let metadata = reader.optionalObject("metadata").flatMap { try? Metadata($0) } ?? .empty
        guard let name, reader.violations.count == before else { return nil }
        self.init(
            name: name,
            scopes: scopes,
            roles: roles,
            notBefore: notBefore,
            expiresAt: expiresAt,
            restrictions: restrictions,
            allowance: Allowance(
                limits: limits,
                credits: credits,
                planID: planID,
                creditGeneration: UInt32(clamping: generation),
                creditsSince: Timestamp(milliseconds: since)
            ),
            metadata: metadata
        )
    }

    /// The form for people, as the fields of a key are named.
    public var publicFields: JSONObject {
        let fields: JSON = [
            "name": .string(self.name.text),
            "scopes": .array(self.scopes.map { .string($0.text) }),
            "roles": .array(self.roles.map { .string($0.text) }),
            "notBefore": self.notBefore.map { .string($0.text) },
            "expiresAt": self.expiresAt.map { .string($0.text) },
            "restrictions": self.restrictions.isEmpty ? nil : self.restrictions.json,
            "limits": self.allowance.limits.json,
            "credits": self.allowance.credits?.json,
            "planId": self.allowance.planID.map { .string($0.text) },
            "metadata": .object(self.metadata.object),
        ]
        return fields.object ?? JSONObject()
    }

    /// The form that is stored.
    public var json: JSON {
        var fields = self.publicFields
        fields["creditGeneration"] = .integer(Int64(self.allowance.creditGeneration))
        fields["creditsSince"] = .integer(self.allowance.creditsSince.milliseconds)
        return .object(fields)
    }

    /// What differs from former attributes: for each field what it was and what it becomes.
    public func changes(from former: Self) -> JSONObject {
        let (old, new) = (former.publicFields, self.publicFields)
        var changes = JSONObject()
        for name in old.members.map(\.name) + new.members.map(\.name) where old[name] != new[name] {
            changes[name] = ["from": old[name], "to": new[name]]
        }
        if changes["credits"] == nil, former.allowance.creditGeneration != self.allowance.creditGeneration {
            changes["credits"] = ["from": old["credits"], "to": new["credits"], "anew": true]
        }
        return changes
    }

    private static func moment(_ text: String) throws(FieldError) -> Timestamp {
        guard let moment = try? Timestamp(parsing: text) else { throw FieldError("must be an RFC 3339 time") }
        return moment
    }
}

extension KeyRequest.About {
    /// Reads the form that ``json`` has.
    public init?(reading reader: inout ObjectReader) {
        let purpose = reader.required("purpose") { text throws(FieldError) in text }
        let justification = reader.required("justification") { text throws(FieldError) in text }
        let system = reader.optional("system") { text throws(FieldError) in text }
        let ticket = reader.optional("ticket") { text throws(FieldError) in text }
        let classes = reader.list("dataClasses", atMost: .max) { text throws(FieldError) in text } ?? []
        guard let purpose, let justification else { return nil }
        self.init(
            purpose: purpose,
            system: system,
            dataClasses: classes,
            justification: justification,
            ticket: ticket
        )
    }

    /// The form that is stored and shown.
    public var json: JSON {
        [
            "purpose": .string(self.purpose), "system": self.system.map(JSON.string),
            "dataClasses": self.dataClasses.isEmpty ? nil : .array(self.dataClasses.map(JSON.string)),
            "justification": .string(self.justification), "ticket": self.ticket.map(JSON.string),
        ]
    }
}
