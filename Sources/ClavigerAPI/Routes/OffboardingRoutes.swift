import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerOffboarding(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/consumers/{id}/offboard/preview") { request, context in
            let id = try Self.parameter(context, "consumer", Consumer.ID.init(parsing:))
            var body = try ObjectReader(body: try await request.optionalJSON(atMost: Self.bodyLimit))
            try body.finish()
            return .json(try await self.authority.previewOffboarding(id, by: context.caller).publicFields)
        }
        registry.authenticated(.post, "/v1/consumers/{id}/offboard") { request, context in
            let id = try Self.parameter(context, "consumer", Consumer.ID.init(parsing:))
            let body = try OffboardBody(reading: try await request.json(atMost: Self.bodyLimit))
            let outcome = try await self.authority.offboard(
                id,
                body.previewID,
                body.action,
                note: body.note,
                by: context.caller
            )
            return Self.answer(outcome)
        }
    }
}
