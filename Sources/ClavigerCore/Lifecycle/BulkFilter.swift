/// Which keys a bulk change is for; what is set must all be met.
///
/// All moments are absolute, so that the same filter means the same keys a minute later.
public struct BulkFilter: Hashable, Sendable {
    /// Of this api.
    public var api: API.ID?
    /// In this environment.
    public var environment: EnvironmentName?
    /// Of this consumer.
    public var consumer: Consumer.ID?
    /// With this plan, by themselves or through their consumer.
    public var plan: Plan.ID?
    /// With these members in their metadata, numbers and truth values as their text.
    public var metadata: [String: String] = [:]
    /// Made by this management key.
    public var createdBy: APIKey.ID?
    /// Whose last use came from this network.
    public var lastUsedFrom: CIDR?
    /// In this state, time taken into account.
    public var state: KeyState.Name?
    /// Made before this moment.
    public var createdBefore: Timestamp?
    /// Made at or after this moment.
    public var createdAfter: Timestamp?
    /// Made before this moment, and not used since.
    public var idleSince: Timestamp?

    /// Makes a filter that lets everything through.
    public init() {}

    /// Whether it lets everything through.
    public var isEmpty: Bool { self == BulkFilter() }

    /// Whether it depends on how keys were used.
    public var asksForUse: Bool { self.lastUsedFrom != nil || self.idleSince != nil }

    /// Whether a key's metadata has the wanted members.
    public func accepts(_ metadata: Metadata) -> Bool {
        self.metadata.allSatisfy { name, wanted in
            switch metadata.object[name] {
            case .string(let text)?: text.utf8.elementsEqual(wanted.utf8)
            case .integer(let number)?: String(number) == wanted
            case .bool(let value)?: String(value) == wanted
            default: false
            }
        }
    }
}

// MARK: The stored form

extension BulkFilter {
    /// The filter as a value of answers, the audit log and the database.
    public var json: JSON {
        let metadata = self.metadata.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        return [
            "all": self.isEmpty ? true : nil,
            "apiId": self.api.map { .string($0.text) },
            "environment": self.environment.map { .string($0.text) },
            "consumerId": self.consumer.map { .string($0.text) },
            "planId": self.plan.map { .string($0.text) },
            "metadata": metadata.isEmpty ? nil : .object(JSONObject(metadata)),
            "createdBy": self.createdBy.map { .string($0.text) },
            "lastUsedFrom": self.lastUsedFrom.map { .string($0.description) },
            "state": self.state.map { .string($0.rawValue) },
            "createdBefore": self.createdBefore.map { .string($0.text) },
            "createdAfter": self.createdAfter.map { .string($0.text) },
            "idleSince": self.idleSince.map { .string($0.text) },
        ]
    }

    /// Reads ``json``; nil where a member cannot be read, as a part of a filter would take more keys than the whole.
    public init?(_ json: JSON) {
        guard let object = json.object else { return nil }
        for (name, value) in object.members {
            if name == "all" { continue }
            if name == "metadata" {
                for (member, wanted) in value.object?.members ?? [] { self.metadata[member] = wanted.string }
                guard let count = value.object?.members.count, count == self.metadata.count else { return nil }
                continue
            }
            guard let text = value.string, self.take(name, text) else { return nil }
        }
        guard self.isEmpty == (object["all"] == true) else { return nil }
    }

    private mutating func take(_ name: String, _ text: String) -> Bool {
        switch name {
        case "apiId": self.api = try? API.ID(parsing: text)
        case "environment": self.environment = try? EnvironmentName(parsing: text)
        case "consumerId": self.consumer = try? Consumer.ID(parsing: text)
        case "planId": self.plan = try? Plan.ID(parsing: text)
        case "createdBy": self.createdBy = try? APIKey.ID(parsing: text)
        case "lastUsedFrom": self.lastUsedFrom = try? CIDR(parsing: text)
        case "state": self.state = KeyState.Name(rawValue: text)
        case "createdBefore": self.createdBefore = try? Timestamp(parsing: text)
        case "createdAfter": self.createdAfter = try? Timestamp(parsing: text)
        case "idleSince": self.idleSince = try? Timestamp(parsing: text)
        default: return false
        }
        return self.json[name] != nil
    }
}
