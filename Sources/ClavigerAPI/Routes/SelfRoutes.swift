import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

/// What a key can do with itself: the calls are authenticated by the key that they are about.
extension ManagementAPI {
    func registerSelf(_ registry: inout EndpointRegistry) {
        registry.held(.get, "/v1/self", changes: false) { _, context in
            .json(try await self.authority.ownKey(of: context.holder).wire)
        }
        registry.held(.post, "/v1/self/rotate", bodyFirst: Self.bodyLimit, changes: true) { request, context in
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let rotation = try RotationRequest(reading: json)
            return try await Self.answer(request, json, status: .ok, render: \IssuedRotation.wireForHolder) { once in
                try await self.authority.rotate(rotation, by: context.holder, once: once)
            }
        }
    }
}
