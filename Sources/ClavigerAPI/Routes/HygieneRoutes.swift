import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

extension ManagementAPI {
    func registerHygiene(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/hygiene") { request, context in
            var query = QueryReader(request.uri.query)
            let (api, rules, scopesFor) = query.hygiene()
            let limit = query.optional("limit", Field.pageSize) ?? Paging.usualLimit
            try query.finish()
            let report = try await self.authority.hygiene(
                api,
                rules,
                scopesFor: scopesFor,
                limit: limit,
                by: context.caller
            )
            return .json(report.publicFields)
        }
        registry.authenticated(.get, "/v1/hygiene/export") { request, context in
            var query = QueryReader(request.uri.query)
            let (api, rules, scopesFor) = query.hygiene()
            try query.finish()
            // What can be refused is refused before the first byte.
            try await self.authority.checkHygiene(api, scopesFor: scopesFor, by: context.caller)
            let body = ResponseBody { writer in
                try await self.authority.forEachHygieneItem(
                    api,
                    rules,
                    scopesFor: scopesFor,
                    by: context.caller
                ) { items in
                    guard !items.isEmpty else { return }
                    var buffer = ByteBuffer()
                    for item in items {
                        buffer.writeBytes(item.publicFields.serialized())
                        buffer.writeInteger(UInt8(ascii: "\n"))
                    }
                    try await writer.write(buffer)
                }
                try await writer.finish(nil)
            }
            var headers: HTTPFields = [.contentType: "application/jsonl"]
            headers[.contentDisposition] = "attachment; filename=\"hygiene.jsonl\""
            return Response(status: .ok, headers: headers, body: body)
        }
    }
}

extension QueryReader {
    /// What is looked at, and from when on something is a finding.
    fileprivate mutating func hygiene() -> (api: Reference<API>?, rules: HygieneRules, scopesFor: Duration?) {
        let usual = HygieneRules()
        let rules = HygieneRules(
            idleAfter: self.optional("idleAfter", Field.lifetime) ?? usual.idleAfter,
            neverUsedAfter: self.optional("neverUsedAfter", Field.lifetime) ?? usual.neverUsedAfter,
            rotateAfter: self.optional("rotateAfter", Field.lifetime) ?? usual.rotateAfter
        )
        return (
            self.optional("apiId", Reference<API>.init(parsing:)), rules,
            self.optional("scopesFor", Field.lifetime)
        )
    }
}
