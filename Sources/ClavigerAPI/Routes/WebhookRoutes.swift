import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerWebhooks(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/webhooks") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let attributes = try WebhookEndpoint.Attributes(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.wire) {
                Self.created("/v1/webhooks/\($0.endpoint.id)", version: $0.endpoint.version)
            } _: { once in
                try await self.authority.createWebhook(attributes, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/webhooks") { request, context in
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let webhooks = try await self.authority.webhooks(page: paging.request, by: context.caller)
            return try paging.answer(webhooks, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/webhooks/{id}") { _, context in
            let webhook = try await self.authority.webhook(try Self.webhook(context), by: context.caller)
            return Self.resource(webhook.publicFields, version: webhook.version)
        }
        registry.authenticated(.patch, "/v1/webhooks/{id}") { request, context in
            let patch = try WebhookPatch(
                reading: try await request.json(atMost: Self.bodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let webhook = try await self.authority.updateWebhook(
                try Self.webhook(context),
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(webhook.publicFields, version: webhook.version)
        }
        registry.authenticated(.delete, "/v1/webhooks/{id}") { request, context in
            try await self.authority.deleteWebhook(
                try Self.webhook(context),
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Response(status: .noContent)
        }
        registry.authenticated(.post, "/v1/webhooks/{id}/rotate-secret") { request, context in
            let id = try Self.webhook(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let grace = try Self.grace(reading: json)
            return try await Self.answer(request, json, status: .ok, render: \.wire) {
                [.eTag: "\"\($0.endpoint.version)\""]
            } _: { once in
                try await self.authority.rotateWebhookSecret(id, grace: grace, by: context.caller, once: once)
            }
        }
        self.registerDeliveries(&registry)
    }

    private func registerDeliveries(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/webhooks/{id}/test") { request, context in
            try await request.emptyObject(atMost: Self.bodyLimit)
            let delivery = try await self.authority.testWebhook(try Self.webhook(context), by: context.caller)
            return .json(delivery.publicFields, status: .accepted)
        }
        registry.authenticated(.get, "/v1/webhooks/{id}/deliveries") { request, context in
            let id = try Self.webhook(context)
            var query = QueryReader(request.uri.query)
            let state = query.optional("state", Field.name(of: Delivery.State.self))
            let paging = try Paging(&query, request, context, self.authority)
            let deliveries = try await self.authority.deliveries(
                to: id,
                state: state,
                page: paging.request,
                by: context.caller
            )
            return try paging.answer(deliveries, position: { String($0.number) }, \.delivery.publicFields)
        }
        registry.authenticated(.post, "/v1/webhooks/{id}/deliveries/replay") { request, context in
            try await request.emptyObject(atMost: Self.bodyLimit)
            let count = try await self.authority.replayDead(to: try Self.webhook(context), by: context.caller)
            return .json(["replayed": .integer(Int64(count))])
        }
        registry.authenticated(.get, "/v1/webhooks/{id}/deliveries/{delivery}") { _, context in
            let delivery = try await self.authority.delivery(
                try Self.delivery(context),
                to: try Self.webhook(context),
                by: context.caller
            )
            return .json(delivery.publicFields)
        }
        registry.authenticated(.post, "/v1/webhooks/{id}/deliveries/{delivery}/replay") { request, context in
            try await request.emptyObject(atMost: Self.bodyLimit)
            let delivery = try await self.authority.replay(
                try Self.delivery(context),
                to: try Self.webhook(context),
                by: context.caller
            )
            return .json(delivery.publicFields)
        }
    }

    private static func webhook(_ context: CallerContext) throws(Problem) -> WebhookEndpoint.ID {
        try Self.parameter(context, "webhook", WebhookEndpoint.ID.init(parsing:))
    }

    private static func delivery(_ context: CallerContext) throws(Problem) -> Delivery.ID {
        guard let text = context.origin.parameters.get("delivery"), let id = try? Delivery.ID(parsing: text) else {
            throw .notFound("delivery")
        }
        return id
    }
}
