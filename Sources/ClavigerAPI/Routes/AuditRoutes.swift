import ClavigerCore
import ClavigerHTTP
import ClavigerLog
import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

extension ManagementAPI {
    func registerAudit(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/audit/events") { request, context in
            var query = QueryReader(request.uri.query)
            let filter = AuditFilter(reading: &query)
            let paging = try Paging(&query, request, context, self.authority)
            let events = try await self.authority.auditEvents(filter, page: paging.request, by: context.caller)
            return try paging.answer(events, position: { String($0.index) }, \.fields)
        }
        registry.authenticated(.get, "/v1/audit/events/{index}") { _, context in
            .json(try await self.authority.auditEvent(at: Self.eventIndex(context), by: context.caller).fields)
        }
        registry.authenticated(.get, "/v1/audit/events/{index}/proof") { _, context in
            let proof = try await self.authority.auditProof(of: Self.eventIndex(context), by: context.caller)
            return Self.logResponse(proof.bytes, Self.text, "no-store")
        }
        registry.authenticated(.get, "/v1/audit/key") { _, context in
            .json(try await self.authority.auditKey(by: context.caller).publicFields)
        }
        registry.authenticated(.post, "/v1/audit/hash") { request, context in
            var body = try ObjectReader(body: try await request.json(atMost: Self.bodyLimit))
            let value = body.value("value")
            if value == nil { body.refuse("value", "is required") }
            try body.finish()
            guard let value else { throw Problem.notFound("value") }
            let known = try await self.authority.auditCommitments(to: value, by: context.caller)
            return .json(["items": .array(known.map(\.publicFields))])
        }
        registry.authenticated(.get, "/v1/keys/{id}/history") { request, context in
            let id = try Self.keyID(context)
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let events = try await self.authority.keyHistory(id, page: paging.request, by: context.caller)
            return try paging.answer(events, position: { String($0.index) }, \.fields)
        }
        self.registerAuditLog(&registry)
    }

    /// The log as third-party tools read it (C2SP tlog-tiles).
    private func registerAuditLog(_ registry: inout EndpointRegistry) {
        // The index of a tile takes up to three elements of a path, and the width of a partial one another.
        let paths = [
            "/audit/checkpoint", "/audit/tile/{level}/{a}", "/audit/tile/{level}/{a}/{b}",
            "/audit/tile/{level}/{a}/{b}/{c}", "/audit/tile/{level}/{a}/{b}/{c}/{d}",
        ]
        for path in paths {
            if self.auditLogIsPublic {
                registry.open(.get, path) { request, _ in
                    guard let resource = Self.logResource(request) else { throw Self.noResource }
                    return try Self.logResponse(
                        resource,
                        try await self.authority.auditLog.bytes(of: resource),
                        "public"
                    )
                }
            } else {
                registry.authenticated(.get, path, isFrequent: true) { request, context in
                    let resource = Self.logResource(request)
                    let bytes = try await self.authority.auditResource(resource, by: context.caller)
                    return try Self.logResponse(resource, bytes, "private")
                }
            }
        }
    }

    private static let text = "text/plain; charset=utf-8"

    private static let noResource = Problem.notFound("resource of the audit log")

    private static func logResource(_ request: Request) -> LogResource? {
        try? LogResource(parsing: String(request.uri.path.dropFirst("/audit/".count)))
    }

    private static func logResponse(
        _ resource: LogResource?,
        _ bytes: [UInt8]?,
        _ audience: String
    ) throws(Problem) -> Response {
        guard let bytes else { throw Self.noResource }
        if case .checkpoint = resource { return Self.logResponse(bytes, Self.text, "no-cache") }
        // A tile never changes.
        return Self.logResponse(bytes, "application/octet-stream", "\(audience), max-age=31536000, immutable")
    }

    private static func logResponse(_ bytes: [UInt8], _ mediaType: String, _ caching: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: caching],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private static func eventIndex(_ context: CallerContext) throws(Problem) -> Int {
        guard let index = context.origin.parameters.get("index").flatMap({ Int($0) }), index >= 0 else {
            throw .notFound("audit event")
        }
        return index
    }
}

extension AuditFilter {
    /// Takes the filters out of a query.
    fileprivate init(reading query: inout QueryReader) {
        self.init()
        self.action = query.optional("action", Field.filter)
        self.actorID = query.optional("actorId", Field.filter)
        self.targetID = query.optional("targetId", Field.filter)
        self.outcome = query.optional("outcome", Field.name(of: AuditRecord.Outcome.self))
        self.network = query.optional("network", Field.address)
        self.requestID = query.optional("requestId", Field.filter)
        self.from = query.optional("from", Field.timestamp)
        self.to = query.optional("to", Field.timestamp)
    }
}

extension AuditKey {
    fileprivate var publicFields: JSON {
        [
            "origin": .string(self.origin), "key": .string(self.current.text),
            "formerKeys": .array(self.former.map { .string($0.text) }),
            "firstIndex": .integer(Int64(self.firstIndex)),
        ]
    }
}

extension KnownCommitment {
    fileprivate var publicFields: JSON {
        [
            "commitment": .string(self.commitment.text), "field": .string(self.field),
            "subject": .string(self.subject),
        ]
    }
}
