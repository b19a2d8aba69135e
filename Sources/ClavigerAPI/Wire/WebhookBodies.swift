import ClavigerCore
import ClavigerService

extension WebhookEndpoint.Attributes {
    /// Reads the body of `POST /v1/webhooks`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let url = body.required("url", WebhookURL.init(parsing:))
        let description = body.optional("description", Field.text).flatMap(\.nonEmpty)
        let types = body.list("types", atMost: EventType.allCases.count, Field.eventType) ?? []
        let state = body.optional("state", Field.name(of: WebhookEndpoint.State.self))
        try body.finish()
        guard let url else { throw .validation(body.violations) }
        self.init(url: url, description: description, types: types.inOrder, state: state ?? .enabled)
    }
}

extension WebhookPatch {
    /// Reads the body of `PATCH /v1/webhooks/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        self.url = body.editRequired("url", WebhookURL.init(parsing:))
        self.description = body.edit("description", Field.text)
        if case .set("") = self.description { self.description = .remove }
        self.types = body.editList("types", atMost: EventType.allCases.count, Field.eventType)
        if case .set(let types) = self.types { self.types = .set(types.inOrder) }
        self.state = body.editRequired("state", Field.name(of: WebhookEndpoint.State.self))
        try body.finish()
    }
}

extension ManagementAPI {
    /// Reads the body of `POST /v1/webhooks/{id}/rotate-secret`.
    static func grace(reading json: JSON) throws(Problem) -> Duration {
        var body = try ObjectReader(body: json)
        let grace = body.optional("grace") { text throws(FieldError) in
            guard let grace = try? DurationText.parse(text), grace <= Authority.longestSecretGrace else {
                throw FieldError("must be a duration such as 0s, 24h or 7d, at most 30d")
            }
            return grace
        }
        try body.finish()
        return grace ?? Authority.usualSecretGrace
    }
}

extension Field {
    static func eventType(_ text: String) throws(FieldError) -> EventType {
        guard let type = EventType(rawValue: text), EventType.selectable.contains(type) else {
            throw FieldError("must be one of \(EventType.selectable.map(\.rawValue).joined(separator: ", "))")
        }
        return type
    }
}

extension [EventType] {
    /// The types in their usual order, each once.
    fileprivate var inOrder: [EventType] { EventType.allCases.filter(self.contains) }
}
