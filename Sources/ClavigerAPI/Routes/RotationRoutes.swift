import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerRotation(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/keys/{id}/rotate") { request, context in
            let id = try Self.keyID(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            let rotation = try RotationRequest(reading: json)
            let version = try request.expectedVersion()
            return try await Self.answer(request, json, status: .ok, render: \IssuedRotation.wire) {
                [.eTag: "\"\($0.reading.key.version)\""]
            } _: { once in
                try await self.authority.rotate(id, rotation, expecting: version, by: context.caller, once: once)
            }
        }
        registry.authenticated(.get, "/v1/keys/{id}/rotation") { _, context in
            .json(try await self.authority.rotation(of: try Self.keyID(context), by: context.caller).publicFields)
        }
        registry.authenticated(.post, "/v1/keys/{id}/rotation/end") { request, context in
            let id = try Self.keyID(context)
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            var body = try ObjectReader(body: json)
            try body.finish()
            let version = try request.expectedVersion()
            return try await Self.answer(request, json, status: .ok, render: \RotationReading.publicFields) {
                [.eTag: "\"\($0.key.version)\""]
            } _: { once in
                try await self.authority.endGrace(of: id, expecting: version, by: context.caller, once: once)
            }
        }
        registry.authenticated(.post, "/v1/keys/{id}/rotation/extend") { request, context in
            let id = try Self.keyID(context)
            let json = try await request.json(atMost: Self.bodyLimit)
            let grace = try RotationGrace(reading: json)
            let version = try request.expectedVersion()
            return try await Self.answer(request, json, status: .ok, render: \RotationReading.publicFields) {
                [.eTag: "\"\($0.key.version)\""]
            } _: { once in
                try await self.authority.extendGrace(
                    of: id,
                    grace,
                    expecting: version,
                    by: context.caller,
                    once: once
                )
            }
        }
    }
}
