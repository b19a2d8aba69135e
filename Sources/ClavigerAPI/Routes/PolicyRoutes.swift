import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

extension ManagementAPI {
    /// The types of YAML: the registered one (RFC 9512) and those from before it.
    private static let yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml"]

    func registerPolicies(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/policies") { request, context in
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let policies = try await self.authority.policies(page: paging.request, by: context.caller)
            return try paging.answer(policies, position: \.name.text, \.publicFields)
        }
        registry.authenticated(.put, "/v1/policies/{id}") { request, context in
            let name = try Self.policyName(context)
            var query = QueryReader(request.uri.query)
            let isDryRun = query.optional("dryRun", Field.flag) ?? false
            let isForced = query.optional("force", Field.flag) ?? false
            try query.finish()
            let version = try request.expectedVersion()
            let document = try await Self.policyDocument(request)
            if isDryRun {
                let diff = try await self.authority.policyDiff(name, document, by: context.caller)
                return .json(diff.publicFields)
            }
            let (policy, isNew) = try await self.authority.setPolicy(
                name,
                document,
                expecting: version,
                isForced: isForced,
                by: context.caller
            )
            var response = Self.resource(
                policy.publicFields,
                version: policy.version,
                status: isNew ? .created : .ok
            )
            if isNew { response.headers[.location] = "/v1/policies/\(policy.name.text)" }
            return response
        }
        registry.authenticated(.get, "/v1/policies/{id}") { request, context in
            let name = try Self.policyName(context)
            var query = QueryReader(request.uri.query)
            let number = query.optional("version", Field.version)
            try query.finish()
            if let number {
                let version = try await self.authority.policyVersion(number, of: name, by: context.caller)
                return .json(version.publicFields)
            }
            let policy = try await self.authority.policy(name, by: context.caller)
            return Self.resource(policy.publicFields, version: policy.version)
        }
        registry.authenticated(.delete, "/v1/policies/{id}") { request, context in
            try await self.authority.deletePolicy(
                try Self.policyName(context),
                expecting: try request.expectedVersion(),
                by: context.caller
            )
            return Response(status: .noContent)
        }
        registry.authenticated(.get, "/v1/policies/{id}/versions") { request, context in
            let name = try Self.policyName(context)
            var query = QueryReader(request.uri.query)
            let paging = try Paging(&query, request, context, self.authority)
            let versions = try await self.authority.policyVersions(name, page: paging.request, by: context.caller)
            return try paging.answer(versions, position: { String($0.number) }, \.publicFields)
        }
        registry.authenticated(.post, "/v1/policies/{id}/diff") { request, context in
            let name = try Self.policyName(context)
            let document = try await Self.policyDocument(request)
            return .json(try await self.authority.policyDiff(name, document, by: context.caller).publicFields)
        }
        self.registerBreaches(&registry)
    }

    private func registerBreaches(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/policies/breaches") { request, context in
            var query = QueryReader(request.uri.query)
            let filter = BreachFilter(reading: &query)
            let paging = try Paging(&query, request, context, self.authority)
            let page = try await self.authority.policyBreaches(
                filter,
                after: paging.request.after,
                limit: paging.request.limit - 1,
                by: context.caller
            )
            return .json([
                "items": .array(page.breaches.map(\.publicFields)), "checked": .integer(Int64(page.checked)),
                "nextCursor": try page.next.map { .string(try paging.cursor($0)) },
            ])
        }
        registry.authenticated(.get, "/v1/policies/breaches/export") { request, context in
            var query = QueryReader(request.uri.query)
            let filter = BreachFilter(reading: &query)
            try query.finish()
            // What can be refused is refused before the first byte.
            try await self.authority.checkMayListBreaches(filter, by: context.caller)
            let body = ResponseBody { writer in
                let (checked, inBreach) = try await self.authority.forEachBreach(filter, by: context.caller) {
                    breaches in
                    var buffer = ByteBuffer()
                    for breach in breaches {
                        buffer.writeBytes(breach.publicFields.serialized())
                        buffer.writeInteger(UInt8(ascii: "\n"))
                    }
                    try await writer.write(buffer)
                }
                // Whoever does not see this line knows that there is more.
                let end: JSON = [
                    "summary": ["checked": .integer(Int64(checked)), "inBreach": .integer(Int64(inBreach))]
                ]
                try await writer.write(ByteBuffer(bytes: end.serialized() + [UInt8(ascii: "\n")]))
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/jsonl"], body: body)
        }
    }

    private static func policyDocument(_ request: Request) async throws -> PolicyDocument {
        let json = try await request.json(atMost: Self.bodyLimit, or: Self.yamlTypes) { bytes in
            try YAMLText.json(bytes)
        }
        return try PolicyDocument(reading: json)
    }

    private static func policyName(_ context: CallerContext) throws(Problem) -> ResourceName {
        try Self.parameter(context, "policy", ResourceName.init(parsing:))
    }
}

extension BreachFilter {
    fileprivate init(reading query: inout QueryReader) {
        self.init()
        self.policy = query.optional("policy", ResourceName.init(parsing:))
        self.api = query.optional("apiId", Reference<API>.init(parsing:))
        self.environment = query.optional("environment", EnvironmentName.init(parsing:))
    }
}

extension Field {
    fileprivate static func flag(_ text: String) throws(FieldError) -> Bool {
        guard let flag = Bool(text) else { throw FieldError("must be true or false") }
        return flag
    }

    fileprivate static func version(_ text: String) throws(FieldError) -> Int {
        guard let number = Int(text), number > 0 else { throw FieldError("must be the number of a version") }
        return number
    }
}
