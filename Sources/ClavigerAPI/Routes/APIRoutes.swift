import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    static let patchMediaTypes = ["application/merge-patch+json"]

    func registerAPIs(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/apis") { request, context in
            let json = try await request.json(atMost: Self.largeBodyLimit)
            let draft = try APIDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/apis/\($0.id)", version: $0.version)
            } _: { once in
                try await self.authority.createAPI(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/apis") { request, context in
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let apis = try await self.authority.apis(page: paging.request, by: context.caller)
            return try paging.answer(apis, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/apis/{id}") { _, context in
            let reference = try Self.parameter(context, "api", Reference<API>.init(parsing:))
            let api = try await self.authority.api(reference, by: context.caller)
            return Self.resource(api.publicFields, version: api.version)
        }
        registry.authenticated(.patch, "/v1/apis/{id}") { request, context in
            let reference = try Self.parameter(context, "api", Reference<API>.init(parsing:))
            let patch = try APIPatch(
                reading: try await request.json(atMost: Self.largeBodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let api = try await self.authority.updateAPI(
                reference,
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(api.publicFields, version: api.version)
        }
        registry.authenticated(.delete, "/v1/apis/{id}") { request, context in
            let reference = try Self.parameter(context, "api", Reference<API>.init(parsing:))
            try await self.authority.deleteAPI(reference, expecting: try request.expectedVersion(), by: context.caller)
            return Response(status: .noContent)
        }
    }
}
