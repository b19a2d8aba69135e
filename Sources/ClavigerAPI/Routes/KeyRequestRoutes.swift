import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerKeyRequests(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/key-requests") { request, context in
            let json = try await request.json(atMost: Self.largeBodyLimit)
            let draft = try KeyRequestDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                Self.created("/v1/key-requests/\($0.value.id)", version: $0.value.version)
            } _: { once in
                try await self.authority.createKeyRequest(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/key-requests") { request, context in
            var query = QueryReader(request.uri.query)
            let api = query.optional("apiId", Reference<API>.init(parsing:))
            var filter = KeyRequestFilter()
            filter.environment = query.optional("environment", EnvironmentName.init(parsing:))
            filter.state = query.optional("state", Field.name(of: KeyRequest.State.self))
            filter.key = query.optional("keyId", Field.id(of: APIKey.self))
            filter.requester = query.optional("requestedBy", Field.id(of: APIKey.self))
            filter.isReviewOpen = query.optional("breakGlass", Self.reviewState)
            let paging = try Paging(&query, request, context, self.authority)
            let requests = try await self.authority.keyRequests(
                filter,
                api: api,
                page: paging.request,
                by: context.caller
            )
            return try paging.answer(requests, position: \.value.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/key-requests/{id}") { _, context in
            let request = try await self.authority.keyRequest(try Self.keyRequest(context), by: context.caller)
            return Self.resource(request.publicFields, version: request.value.version)
        }
        registry.authenticated(.patch, "/v1/key-requests/{id}") { request, context in
            let patch = try KeyRequestPatch(
                reading: try await request.json(atMost: Self.largeBodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let changed = try await self.authority.updateKeyRequest(
                try Self.keyRequest(context),
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(changed.publicFields, version: changed.value.version)
        }
        self.registerDecisions(&registry)
        self.registerCollection(&registry)
    }

    private func registerDecisions(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/key-requests/{id}/approve") { request, context in
            let id = try Self.keyRequest(context)
            let json = try await request.json(atMost: Self.bodyLimit)
            let body = try DecisionBody(reading: json)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.approveKeyRequest(
                    id,
                    version: body.version,
                    comment: body.comment,
                    by: context.caller,
                    once: once
                )
            }
        }
        registry.authenticated(.post, "/v1/key-requests/{id}/deny") { request, context in
            let id = try Self.keyRequest(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let comment = try DecisionBody.comment(reading: json, isRequired: false)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.denyKeyRequest(id, comment: comment, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/key-requests/{id}/withdraw") { request, context in
            let id = try Self.keyRequest(context)
            try await request.emptyObject(atMost: Self.bodyLimit)
            let json = JSON.object(JSONObject())
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.withdrawKeyRequest(id, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/key-requests/{id}/comment") { request, context in
            let id = try Self.keyRequest(context)
            let json = try await request.json(atMost: Self.bodyLimit)
            let comment = try DecisionBody.comment(reading: json, isRequired: true)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.commentKeyRequest(id, comment, by: context.caller, once: once)
            }
        }
    }

    private func registerCollection(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/key-requests/{id}/collect") { request, context in
            let id = try Self.keyRequest(context)
            try await request.emptyObject(atMost: Self.bodyLimit)
            let json = JSON.object(JSONObject())
            return try await Self.answer(request, json, status: .created, render: \.wire) {
                Self.created("/v1/keys/\($0.issued.key.id)", version: $0.issued.key.version)
            } _: { once in
                try await self.authority.collectKey(of: id, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/key-requests/{id}/break-glass") { request, context in
            let id = try Self.keyRequest(context)
            let json = try await request.json(atMost: Self.bodyLimit)
            let glass = try BreakGlass(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.wire) {
                Self.created("/v1/keys/\($0.issued.key.id)", version: $0.issued.key.version)
            } _: { once in
                try await self.authority.breakGlass(for: id, glass, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/key-requests/{id}/review") { request, context in
            let id = try Self.keyRequest(context)
            let json = try await request.json(atMost: Self.bodyLimit)
            let review = try DecisionBody.review(reading: json)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.reviewBreakGlass(
                    of: id,
                    isJustified: review.isJustified,
                    comment: review.comment,
                    by: context.caller,
                    once: once
                )
            }
        }
    }

    private static func reviewState(_ text: String) throws(FieldError) -> Bool {
        switch text {
        case "open": true
        case "closed": false
        default: throw FieldError("must be one of open, closed")
        }
    }

    private static func keyRequest(_ context: CallerContext) throws(Problem) -> KeyRequest.ID {
        try Self.parameter(context, "key request", KeyRequest.ID.init(parsing:))
    }
}
