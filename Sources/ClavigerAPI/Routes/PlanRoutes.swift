import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerPlans(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/plans") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let draft = try PlanDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/plans/\($0.id)", version: $0.version)
            } _: { once in
                try await self.authority.createPlan(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/plans") { request, context in
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let plans = try await self.authority.plans(page: paging.request, by: context.caller)
            return try paging.answer(plans, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/plans/{id}") { _, context in
            let plan = try await self.authority.plan(try Self.plan(context), by: context.caller)
            return Self.resource(plan.publicFields, version: plan.version)
        }
        registry.authenticated(.patch, "/v1/plans/{id}") { request, context in
            let patch = try PlanPatch(
                reading: try await request.json(atMost: Self.bodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let plan = try await self.authority.updatePlan(
                try Self.plan(context),
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(plan.publicFields, version: plan.version)
        }
        registry.authenticated(.delete, "/v1/plans/{id}") { request, context in
            try await self.authority.deletePlan(
                try Self.plan(context),
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Response(status: .noContent)
        }
        for (verb, state) in [("suspend", Plan.State.suspended), ("resume", .active)] {
            registry.authenticated(.post, "/v1/plans/{id}/\(verb)") { request, context in
                try await request.emptyObject(atMost: Self.bodyLimit)
                let plan = try await self.authority.setPlanState(try Self.plan(context), state, by: context.caller)
                return Self.resource(plan.publicFields, version: plan.version)
            }
        }
    }

    private static func plan(_ context: CallerContext) throws(Problem) -> Reference<Plan> {
        try Self.parameter(context, "plan", Reference<Plan>.init(parsing:))
    }
}

extension Request {
    /// Takes a body that has nothing to say: none, or an empty object.
    func emptyObject(atMost limit: Int) async throws {
        var body = try ObjectReader(body: try await self.optionalJSON(atMost: limit))
        try body.finish()
    }
}
