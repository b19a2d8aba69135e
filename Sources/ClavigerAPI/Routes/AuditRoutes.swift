import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerAudit(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/audit/events") { request, context in
            var query = QueryReader(request.uri.query)
            var filter = AuditFilter()
            filter.action = query.optional("action", Field.filter)
            filter.actorID = query.optional("actorId", Field.filter)
            filter.targetID = query.optional("targetId", Field.filter)
            filter.outcome = query.optional("outcome", Field.name(of: AuditRecord.Outcome.self))
            filter.from = query.optional("from", Field.timestamp)
            filter.to = query.optional("to", Field.timestamp)
            let paging = try Paging(&query, request, context, self.authority)
            let events = try await self.authority.auditEvents(filter, page: paging.request, by: context.caller)
            return try paging.answer(events, position: { String($0.index) }, \.publicFields)
        }
        registry.authenticated(.get, "/v1/audit/events/{index}") { _, context in
            guard let index = context.origin.parameters.get("index").flatMap({ Int($0) }), index >= 0 else {
                throw Problem.notFound("audit event")
            }
            return .json(try await self.authority.auditEvent(at: index, by: context.caller).publicFields)
        }
    }
}
