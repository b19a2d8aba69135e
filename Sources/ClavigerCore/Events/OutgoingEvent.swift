/// Something that happened, as endpoints are told of it.
public struct OutgoingEvent: Hashable, Sendable, Identified {
    /// The prefix of its ids; the id is the `webhook-id` of every delivery.
    public static let idPrefix = "msg"
    /// The id of an event.
    public typealias ID = Identifier<OutgoingEvent>

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// What happened.
    public let type: EventType
    /// When it happened.
    public let at: Timestamp
    /// What it is about: events with one subject reach an endpoint in their order.
    public let subject: String
    /// The body of every delivery, made once: what is signed again is byte by byte the same.
    public let body: String

    /// Makes an event.
    ///
    /// - Parameter data: public fields only.
    public init(id: ID, workspaceID: Workspace.ID, type: EventType, at: Timestamp, subject: String, data: JSON) {
        let payload: JSON = ["type": .string(type.rawValue), "timestamp": .string(at.text), "data": data]
        self.init(
            id: id,
            workspaceID: workspaceID,
            type: type,
            at: at,
            subject: subject,
            body: String(decoding: payload.serialized(), as: UTF8.self)
        )
    }

    /// Makes an event as it was stored.
    public init(id: ID, workspaceID: Workspace.ID, type: EventType, at: Timestamp, subject: String, body: String) {
        self.id = id
        self.workspaceID = workspaceID
        self.type = type
        self.at = at
        self.subject = subject
        self.body = body
    }
}
