import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerRoles(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/roles") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let draft = try RoleDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/roles/\($0.id)", version: $0.version)
            } _: { once in
                try await self.authority.createRole(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/roles") { request, context in
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let roles = try await self.authority.roles(page: paging.request, by: context.caller)
            return try paging.answer(roles, position: \.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/roles/{id}") { _, context in
            let reference = try Self.parameter(context, "role", Reference<Role>.init(parsing:))
            let role = try await self.authority.role(reference, by: context.caller)
            return Self.resource(role.publicFields, version: role.version)
        }
        registry.authenticated(.patch, "/v1/roles/{id}") { request, context in
            let reference = try Self.parameter(context, "role", Reference<Role>.init(parsing:))
            let patch = try RolePatch(
                reading: try await request.json(atMost: Self.bodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let role = try await self.authority.updateRole(
                reference,
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(role.publicFields, version: role.version)
        }
        registry.authenticated(.delete, "/v1/roles/{id}") { request, context in
            let reference = try Self.parameter(context, "role", Reference<Role>.init(parsing:))
            try await self.authority.deleteRole(reference, expecting: try request.expectedVersion(), by: context.caller)
            return Response(status: .noContent)
        }
    }
}
