import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerKeys(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/keys") { request, context in
            let json = try await request.json(atMost: Self.largeBodyLimit)
            let draft = try KeyDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: { $0.first?.wire ?? .null }) {
                $0.first.map { Self.created("/v1/keys/\($0.key.id)", version: $0.key.version) } ?? [:]
            } _: { once in
                try await self.authority.issue([draft], by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/keys/batch") { request, context in
            let json = try await request.json(atMost: Self.batchLimit)
            let drafts = try KeyDraft.batch(reading: json)
            return try await Self.answer(
                request,
                json,
                status: .created,
                render: { ["items": .array($0.map(\.wire))] },
                { try await self.authority.issue(drafts, by: context.caller, once: $0) }
            )
        }
        registry.authenticated(.get, "/v1/keys") { request, context in
            var query = QueryReader(request.uri.query)
            let api = query.optional("apiId", Reference<API>.init(parsing:))
            var filter = KeyFilter()
            filter.environment = query.optional("environment", EnvironmentName.init(parsing:))
            filter.consumer = query.optional("consumerId", Field.id(of: Consumer.self))
            filter.state = query.optional("state", Field.name(of: KeyState.Name.self))
            filter.name = query.optional("name", Field.label)?.text
            filter.lookupID = query.optional("lookupId", Field.lookupID)
            let paging = try Paging(&query, request, context, self.authority)
            let keys = try await self.authority.keys(filter, api: api, page: paging.request, by: context.caller)
            return try paging.answer(keys, position: \.value.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/keys/{id}") { _, context in
            let id = try Self.keyID(context)
            let key = try await self.authority.key(id, by: context.caller)
            let lastUse = try await self.authority.lastUses(of: [id], by: context.caller)[id]
            var fields = key.publicFields.object ?? JSONObject()
            fields["lastUsed"] = lastUse?.publicFields
            return Self.resource(.object(fields), version: key.value.version)
        }
        registry.authenticated(.get, "/v1/keys/{id}/credentials") { _, context in
            let credentials = try await self.authority.credentials(of: try Self.keyID(context), by: context.caller)
            let now = self.authority.now
            return .json(["items": .array(credentials.map { $0.publicFields(at: now) })])
        }
        registry.authenticated(.patch, "/v1/keys/{id}") { request, context in
            let patch = try KeyPatch(
                reading: try await request.json(atMost: Self.largeBodyLimit, mediaTypes: Self.patchMediaTypes)
            )
            let key = try await self.authority.updateKey(
                try Self.keyID(context),
                patch,
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Self.resource(key.publicFields, version: key.value.version)
        }
        registry.authenticated(.delete, "/v1/keys/{id}") { request, context in
            let outcome = try await self.authority.transition(
                try Self.keyID(context),
                .destroy,
                TransitionRequest(),
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            let key = outcome.value
            return Self.resource(key.publicFields, version: key.value.version)
        }
        for command in KeyCommand.allCases where command != .destroy {
            self.registerTransition(command, &registry)
        }
    }

    private func registerTransition(_ command: KeyCommand, _ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/keys/{id}/\(command.rawValue)") { request, context in
            let id = try Self.keyID(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let transition = try TransitionRequest(reading: json, needsReason: command == .revoke)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) {
                [.eTag: "\"\($0.value.version)\""]
            } _: { once in
                try await self.authority.transition(id, command, transition, by: context.caller, once: once)
            }
        }
    }

    static func keyID(_ context: CallerContext) throws(Problem) -> APIKey.ID {
        try Self.parameter(context, "key", APIKey.ID.init(parsing:))
    }
}
