import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerPrivacy(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/privacy/erase") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            var body = try ObjectReader(body: json)
            let id = body.required("consumerId", Field.id(of: Consumer.self))
            try body.finish()
            guard let id else { throw Problem.notFound("consumer") }
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.erasePersonalValues(of: id, by: context.caller, once: once)
            }
        }
    }
}

extension Erasure {
    fileprivate var publicFields: JSON {
        [
            "consumerId": .string(self.consumerID.text), "auditValues": .integer(Int64(self.auditValues)),
            "consumerErased": .bool(self.consumerErased),
        ]
    }
}
