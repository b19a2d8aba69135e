import ClavigerCore
import ClavigerHTTP
import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

extension ManagementAPI {
    func registerReviews(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/reviews") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            let draft = try ReviewDraft(reading: json)
            return try await Self.answer(request, json, status: .created, render: \.publicFields) {
                [.location: "/v1/reviews/\($0.value.id)"]
            } _: { once in
                try await self.authority.createReview(draft, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/reviews") { request, context in
            var query = QueryReader(request.uri.query)
            let state = query.optional("state", Field.name(of: Review.State.self))
            let paging = try Paging(&query, request, context, self.authority)
            let reviews = try await self.authority.reviews(state: state, page: paging.request, by: context.caller)
            return try paging.answer(reviews, position: \.value.id.text, \.publicFields)
        }
        registry.authenticated(.get, "/v1/reviews/{id}") { _, context in
            .json(try await self.authority.review(try Self.review(context), by: context.caller).publicFields)
        }
        registry.authenticated(.post, "/v1/reviews/{id}/sign-off") { request, context in
            let id = try Self.review(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let comment = try DecisionBody.comment(reading: json, isRequired: false)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.signOffReview(id, comment: comment, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/reviews/{id}/cancel") { request, context in
            let id = try Self.review(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let comment = try DecisionBody.comment(reading: json, isRequired: false)
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.cancelReview(id, comment: comment, by: context.caller, once: once)
            }
        }
        self.registerReviewItems(&registry)
    }

    private func registerReviewItems(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/reviews/{id}/items") { request, context in
            let id = try Self.review(context)
            var query = QueryReader(request.uri.query)
            let state = query.optional("state", Field.name(of: ReviewItem.State.self))
            let paging = try Paging(&query, request, context, self.authority)
            let items = try await self.authority.reviewItems(
                of: id,
                state: state,
                page: paging.request,
                by: context.caller
            )
            return try paging.answer(items, position: \.value.id.text, \.wire)
        }
        registry.authenticated(.post, "/v1/reviews/{id}/items/{item}/decide") { request, context in
            let id = try Self.review(context)
            guard let text = context.origin.parameters.get("item"), let item = try? ReviewItem.ID(parsing: text) else {
                throw Problem.notFound("review item")
            }
            let json = try await request.json(atMost: Self.bodyLimit)
            let decision = try ReviewDecision(reading: json)
            return try await Self.answer(request, json, status: .ok, render: \.wire) { once in
                try await self.authority.decideReviewItem(item, of: id, decision, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/reviews/{id}/export") { request, context in
            let id = try Self.review(context)
            var query = QueryReader(request.uri.query)
            let format = query.optional("format", Field.name(of: AccessLogFormat.self)) ?? .jsonl
            try query.finish()
            // What can be refused is refused before the first byte.
            _ = try await self.authority.review(id, by: context.caller)
            let body = ResponseBody { writer in
                let head = ReviewItemReading.head(format)
                if !head.isEmpty { try await writer.write(ByteBuffer(bytes: head)) }
                var after: String?
                repeat {
                    let page = try await self.authority.reviewItems(
                        of: id,
                        state: nil,
                        withUsage: false,
                        page: PageRequest(after: after, limit: 200),
                        by: context.caller
                    )
                    after = page.count == 200 ? page.last?.value.id.text : nil
                    var buffer = ByteBuffer()
                    for item in page { buffer.writeBytes(item.line(format)) }
                    if !page.isEmpty { try await writer.write(buffer) }
                } while after != nil
                try await writer.finish(nil)
            }
            var headers: HTTPFields = [.contentType: format.mediaType]
            headers[.contentDisposition] = "attachment; filename=\"review.\(format.rawValue)\""
            return Response(status: .ok, headers: headers, body: body)
        }
    }

    private static func review(_ context: CallerContext) throws(Problem) -> Review.ID {
        try Self.parameter(context, "review", Review.ID.init(parsing:))
    }
}
