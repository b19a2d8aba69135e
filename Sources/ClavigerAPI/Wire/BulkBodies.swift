import ClavigerCore
import ClavigerService

extension BulkDraft {
    /// Reads the body of `POST /v1/bulk/preview`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        if body.value("filter") == nil { body.refuse("filter", "is required") }
        let filter = body.nested("filter") { reader in BulkFilterBody(reading: &reader) }
        let name = body.required("action", Field.name(of: BulkAction.Name.self))
        let action = name.flatMap { body.action($0) }
        try body.finish()
        guard let filter, let action else { throw .validation(body.violations) }
        self.init(
            filter: filter.filter,
            api: filter.api,
            plan: filter.plan,
            idleFor: filter.idleFor,
            isForAll: filter.isForAll,
            action: action
        )
    }
}

extension ObjectReader {
    /// The action with what it needs; what only another one takes is refused.
    fileprivate mutating func action(_ name: BulkAction.Name) -> BulkAction? {
        let reason = self.optional("reason", Field.name(of: TransitionReason.self))
        let note = self.optional("note", Field.text).flatMap(\.nonEmpty)
        let expiresAt = self.optional("expiresAt", Field.timestamp)
        let within = self.optional("within", Self.within)
        if name != .requireRotation, self.value("within") != nil {
            self.refuse("within", "is only for the action requireRotation")
        }
        guard let command = KeyCommand(rawValue: name.rawValue) else {
            for field in ["reason", "note"] where self.value(field) != nil {
                self.refuse(field, "must not be given with the action \(name.rawValue)")
            }
            if name == .requireRotation {
                if self.value("expiresAt") != nil { self.refuse("expiresAt", "is only for the action setExpiry") }
                if self.value("within") == nil { self.refuse("within", "is required with the action requireRotation") }
                return within.map { .requireRotation(within: $0) }
            }
            if self.value("expiresAt") == nil { self.refuse("expiresAt", "is required with the action setExpiry") }
            return expiresAt.map(BulkAction.setExpiry)
        }
        if self.value("expiresAt") != nil { self.refuse("expiresAt", "is only for the action setExpiry") }
        return .command(command, reason: reason ?? command.usualReason, note: note)
    }
}

extension ObjectReader {
    /// How long there is for a rotation: agents look at least every half hour.
    fileprivate static func within(_ text: String) throws(FieldError) -> Duration {
        guard let time = try? DurationText.parse(text), (.seconds(3600) ... .seconds(365 * 86_400)).contains(time)
        else {
            throw FieldError("must be a duration such as 24h, from 1h to 365d")
        }
        return time
    }
}

/// The filter of a bulk change as it is sent.
private struct BulkFilterBody {
    /// The most members of metadata that are compared.
    static let mostMembers = 16

    var filter = BulkFilter()
    var api: Reference<API>?
    var plan: Reference<Plan>?
    var idleFor: Duration?
    var isForAll = false

    init(reading reader: inout ObjectReader) {
        if let all = reader.value("all") {
            self.isForAll = all == true
            if !self.isForAll { reader.refuse("all", "must be true, or be left out") }
        }
        self.api = reader.optional("apiId", Reference<API>.init(parsing:))
        self.plan = reader.optional("planId", Reference<Plan>.init(parsing:))
        self.idleFor = reader.optional("idleFor", Field.lifetime)
        self.filter.environment = reader.optional("environment", EnvironmentName.init(parsing:))
        self.filter.consumer = reader.optional("consumerId", Field.id(of: Consumer.self))
        self.filter.createdBy = reader.optional("createdBy", Field.id(of: APIKey.self))
        self.filter.lastUsedFrom = reader.optional("lastUsedFrom", Field.network)
        self.filter.state = reader.optional("state", Field.name(of: KeyState.Name.self))
        self.filter.createdBefore = reader.optional("createdBefore", Field.timestamp)
        self.filter.createdAfter = reader.optional("createdAfter", Field.timestamp)
        guard let metadata = reader.optionalObject("metadata") else { return }
        if !(1...Self.mostMembers).contains(metadata.members.count) {
            reader.refuse("metadata", "must have 1 to \(Self.mostMembers) members")
        }
        for (name, value) in metadata.members {
            switch value {
            case .string(let text): self.filter.metadata[name] = text
            case .integer(let number): self.filter.metadata[name] = String(number)
            case .bool(let flag): self.filter.metadata[name] = String(flag)
            default: reader.refuse("metadata", "must have strings, whole numbers and truth values only")
            }
        }
        if self.filter.metadata.count != metadata.members.count {
            reader.refuse("metadata", "must have names that differ")
        }
    }
}

extension BulkPreview.ID {
    /// Reads the body of `POST /v1/bulk/apply`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let id = body.required("previewId", Field.id(of: BulkPreview.self))
        try body.finish()
        guard let id else { throw .validation(body.violations) }
        self = id
    }
}
