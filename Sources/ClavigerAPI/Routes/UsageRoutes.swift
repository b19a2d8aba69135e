import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

extension ManagementAPI {
    func registerUsage(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/access-log") { request, context in
            var query = QueryReader(request.uri.query)
            let filter = AccessLogFilter(reading: &query)
            let paging = try Paging(&query, request, context, self.authority)
            let page = try await self.authority.accessLog(
                filter,
                after: paging.request.after.flatMap(AccessLogPosition.init(text:)),
                limit: paging.request.limit - 1,
                by: context.caller
            )
            return .json([
                "items": .array(page.entries.map(\.publicFields)),
                "nextCursor": try page.next.map { .string(try paging.cursor($0.text)) },
            ])
        }
        registry.authenticated(.get, "/v1/access-log/export") { request, context in
            var query = QueryReader(request.uri.query)
            let format = query.optional("format", Field.name(of: AccessLogFormat.self)) ?? .jsonl
            let filter = AccessLogFilter(reading: &query)
            try query.finish()
            // What can be refused is refused before the first byte.
            _ = try await self.authority.accessLog(filter, after: nil, limit: 1, by: context.caller)
            let body = ResponseBody { writer in
                if let head = format.head { try await writer.write(ByteBuffer(string: head)) }
                try await self.authority.forEachAccessLogEntry(filter, by: context.caller) { entries in
                    var buffer = ByteBuffer()
                    for entry in entries { buffer.writeBytes(format.line(entry)) }
                    try await writer.write(buffer)
                }
                try await writer.finish(nil)
            }
            var headers: HTTPFields = [.contentType: format.mediaType]
            headers[.contentDisposition] = "attachment; filename=\"access-log.\(format.rawValue)\""
            return Response(status: .ok, headers: headers, body: body)
        }
        registry.authenticated(.get, "/v1/usage") { request, context in
            var query = QueryReader(request.uri.query)
            let resolution = query.optional("resolution", Field.name(of: UsageResolution.self)) ?? .hour
            let (from, to) = query.timeRange(at: self.authority.now)
            var filter = UsageFilter(resolution: resolution, from: from, to: to)
            filter.keyID = query.optional("keyId", Field.id(of: APIKey.self))
            filter.consumerID = query.optional("consumerId", Field.id(of: Consumer.self))
            filter.apiID = query.optional("apiId", Field.id(of: API.self))
            filter.byCode = query.optional("by", Self.byCode) ?? false
            try query.finish()
            try Self.checkSteps(filter)
            let points = try await self.authority.usage(filter, by: context.caller)
            return .json(["items": .array(points.map(\.publicFields))])
        }
        registry.authenticated(.get, "/v1/usage/top") { request, context in
            var query = QueryReader(request.uri.query)
            let dimension = query.optional("by", Field.name(of: UsageDimension.self)) ?? .key
            let (from, to) = query.timeRange(at: self.authority.now)
            let limit = query.limit()
            try query.finish()
            let top = try await self.authority.topUsage(
                dimension,
                from: from,
                to: to,
                limit: limit,
                by: context.caller
            )
            return .json(["items": .array(top.map(\.publicFields))])
        }
        registry.authenticated(.get, "/v1/usage/refusals") { request, context in
            var query = QueryReader(request.uri.query)
            let (from, to) = query.timeRange(at: self.authority.now)
            let limit = query.limit()
            try query.finish()
            let refusals = try await self.authority.refusals(from: from, to: to, limit: limit, by: context.caller)
            return .json(["items": .array(refusals.map(\.publicFields))])
        }
        self.registerHindsight(&registry)
    }

    private func registerHindsight(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/keys/{id}/what-if") { request, context in
            let id = try Self.keyID(context)
            let thought = try WhatIf(reading: try await request.json(atMost: Self.largeBodyLimit))
            return .json(try await self.authority.whatIf(id, thought, by: context.caller).publicFields)
        }
        registry.authenticated(.get, "/v1/keys/{id}/scope-usage") { request, context in
            let id = try Self.keyID(context)
            var query = QueryReader(request.uri.query)
            let days = query.optional("days", Field.days) ?? 30
            try query.finish()
            return .json(try await self.authority.scopeUsage(id, days: days, by: context.caller).publicFields)
        }
    }

    private static func byCode(_ text: String) throws(FieldError) -> Bool {
        guard text == "code" else { throw FieldError("must be code") }
        return true
    }

    /// A series that nobody reads must not cost what one costs.
    private static func checkSteps(_ filter: UsageFilter) throws(Problem) {
        let steps = (filter.to.milliseconds - filter.from.milliseconds) / filter.resolution.milliseconds
        guard steps <= 10_000 else {
            throw .validation([
                Violation("?resolution", "must be longer: the time asked for has more than 10,000 steps")
            ])
        }
    }
}

extension QueryReader {
    /// `from` and `to`; the last day where they are not given.
    fileprivate mutating func timeRange(at now: Timestamp) -> (from: Timestamp, to: Timestamp) {
        let from = self.optional("from", Field.timestamp)
        let to = self.optional("to", Field.timestamp(notBefore: from)) ?? now + .milliseconds(1)
        return (from ?? to - .seconds(86_400), to)
    }

    fileprivate mutating func limit() -> Int {
        self.optional("limit") { text throws(FieldError) in
            guard let limit = Int(text), (1...Paging.highestLimit).contains(limit) else {
                throw FieldError("must be a whole number from 1 to \(Paging.highestLimit)")
            }
            return limit
        } ?? 20
    }
}
