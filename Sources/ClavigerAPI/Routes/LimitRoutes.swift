import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerLimits(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/limits/check", isFrequent: true, bodyFirst: Self.bodyLimit) {
            request,
            context in
            let check = try LimitCheck(reading: try await request.json(atMost: Self.bodyLimit))
            let reading = try await self.authority.check(check, by: context.caller)
            var response = Response.json(reading.publicFields)
            RateLimitFields.add(reading.decision, to: &response.headers)
            return response
        }
        registry.authenticated(.post, "/v1/limits/overrides") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let draft = try LimitOverrideDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/limits/overrides/\($0.id)", version: $0.version)
            } _: { once in
                try await self.authority.createLimitOverride(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/limits/overrides") { request, context in
            var query = QueryReader(request.uri.query)
            let namespace = query.optional("namespace", LimitNamespace.init(parsing:))
            let paging = try Paging(&query, request, context, self.authority)
            let overrides = try await self.authority.limitOverrides(
                namespace: namespace,
                page: paging.request,
                by: context.caller
            )
            return try paging.answer(overrides, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/limits/overrides/{id}") { _, context in
            let override = try await self.authority.limitOverride(try Self.override(context), by: context.caller)
            return Self.resource(override.publicFields, version: override.version)
        }
        registry.authenticated(.patch, "/v1/limits/overrides/{id}") { request, context in
            let limit = try RateLimit(
                patching: try await request.json(atMost: Self.bodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let override = try await self.authority.updateLimitOverride(
                try Self.override(context),
                limit,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(override.publicFields, version: override.version)
        }
        registry.authenticated(.delete, "/v1/limits/overrides/{id}") { request, context in
            try await self.authority.deleteLimitOverride(
                try Self.override(context),
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Response(status: .noContent)
        }
    }

    private static func override(_ context: CallerContext) throws(Problem) -> LimitOverride.ID {
        try Self.parameter(context, "limit override", LimitOverride.ID.init(parsing:))
    }
}
