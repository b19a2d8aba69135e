import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerBulk(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/bulk/preview") { request, context in
            let draft = try BulkDraft(reading: try await request.json(atMost: Self.bodyLimit))
            return .json(try await self.authority.previewBulk(draft, by: context.caller).publicFields)
        }
        registry.authenticated(.post, "/v1/bulk/apply") { request, context in
            let id = try BulkPreview.ID(reading: try await request.json(atMost: Self.bodyLimit))
            return Self.answer(try await self.authority.applyBulk(id, by: context.caller))
        }
    }

    /// What became of a confirmation; a repeated one says that it is.
    static func answer(_ outcome: BulkOutcome) -> Response {
        var response = Response.json(outcome.publicFields)
        if outcome.isReplayed { Self.markReplayed(&response) }
        return response
    }
}
