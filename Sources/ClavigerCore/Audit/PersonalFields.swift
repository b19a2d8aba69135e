/// Which members of the things that are recorded are personal: what people are called, where they come from, and what
/// was written about them.
///
/// Names of apis, roles, plans and policies are not: they are chosen for things.
enum PersonalFields {
    private static let names: Set<String> = [
        "externalId", "name", "metadata", "note", "restrictions", "comment", "justification", "ticket", "purpose",
        "network", "userAgent",
    ]
    /// By the kind of thing.
    private static let namesOfKinds: [String: Set<String>] = [
        "consumer": Self.names, "key": Self.names, "request": Self.names, "review": Self.names,
        // The name of a limit is that of a thing.
        "limit_override": ["identifier"],
    ]

    /// Puts what `commit` makes in the place of each personal value.
    ///
    /// - Parameter commit: is given the name of the member and its value.
    static func replaced(
        in fields: JSON,
        of kind: String,
        _ commit: (String, JSON) throws -> Commitment
    ) rethrows -> JSON {
        guard let names = Self.namesOfKinds[kind] else { return fields }
        return try Self.replaced(fields, names, commit)
    }

    /// Whom the values of a record are about: the consumer that it is about, or else whoever acted.
    static func subject(of record: AuditRecord, _ fields: JSON) -> PersonalSubject {
        let named = record.target.kind == "consumer" ? record.target.id : fields["consumerId"]?.string
        if let consumer = named.flatMap({ try? Consumer.ID(parsing: $0) }) { return .consumer(consumer) }
        return record.actorSubject
    }

    private static func replaced(
        _ json: JSON,
        _ names: Set<String>,
        _ commit: (String, JSON) throws -> Commitment
    ) rethrows -> JSON {
        switch json {
        case .object(let object):
            var replaced = JSONObject()
            for (name, value) in object.members {
                let isPersonal = names.contains(name) && !Self.isEmpty(value)
                let new = isPersonal ? try commit(name, value).json : try Self.replaced(value, names, commit)
                replaced.append(unique: name, new)
            }
            return .object(replaced)
        case .array(let elements): return .array(try elements.map { try Self.replaced($0, names, commit) })
        default: return json
        }
    }

    /// What says nothing needs no commitment, which could be told from another of the same subject only by being one.
    private static func isEmpty(_ value: JSON) -> Bool {
        switch value {
        case .null: true
        case .object(let object): object.isEmpty
        default: false
        }
    }
}

extension AuditRecord {
    /// Whoever acted, as the one that a personal value is about.
    var actorSubject: PersonalSubject {
        switch self.actor {
        case .system: .workspace(self.workspaceID)
        case .key(_, let consumer, _): .consumer(consumer)
        }
    }
}
