import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerConsumers(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/consumers") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let body = try ConsumerBody(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/consumers/\($0.id)", version: $0.version)
            } _: { once in
                try await self.authority.createConsumer(
                    body.attributes,
                    plan: body.plan,
                    by: context.caller,
                    once: once
                )
            }
        }
        registry.authenticated(.get, "/v1/consumers") { request, context in
            var query = QueryReader(request.uri.query)
            let externalID = query.optional("externalId", Field.externalID)
            let kind = query.optional("kind", Field.name(of: Consumer.Kind.self))
            let paging = try Paging(&query, request, context, self.authority)
            let consumers = try await self.authority.consumers(
                externalID: externalID,
                kind: kind,
                page: paging.request,
                by: context.caller
            )
            return try paging.answer(consumers, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/consumers/{id}") { _, context in
            let id = try Self.parameter(context, "consumer", Consumer.ID.init(parsing:))
            let consumer = try await self.authority.consumer(id, by: context.caller)
            return Self.resource(consumer.publicFields, version: consumer.version)
        }
        registry.authenticated(.patch, "/v1/consumers/{id}") { request, context in
            let id = try Self.parameter(context, "consumer", Consumer.ID.init(parsing:))
            let patch = try ConsumerPatch(
                reading: try await request.json(atMost: Self.bodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let consumer = try await self.authority.updateConsumer(
                id,
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(consumer.publicFields, version: consumer.version)
        }
        registry.authenticated(.delete, "/v1/consumers/{id}") { request, context in
            let id = try Self.parameter(context, "consumer", Consumer.ID.init(parsing:))
            try await self.authority.deleteConsumer(id, expecting: try request.expectedVersion(), by: context.caller)
            return Response(status: .noContent)
        }
        self.registerOffboarding(&registry)
    }
}
