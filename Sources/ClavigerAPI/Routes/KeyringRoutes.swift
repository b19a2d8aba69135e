import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    /// What `purpose` may be in a rotation.
    private enum Rotation: String, CaseIterable {
        case pepper, seal, cursor
        case auditSigning = "audit-signing"
        case all

        var purposes: [KeyPurpose] {
            switch self {
            case .pepper: [.pepper]
            case .seal: [.seal]
            case .cursor: [.cursor]
            case .auditSigning: [.auditSigning]
            case .all: KeyPurpose.allCases
            }
        }
    }

    func registerKeyring(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/keyring") { _, context in
            .json(Self.wire(try await self.authority.keyringStatus(by: context.caller)))
        }
        registry.authenticated(.post, "/v1/keyring/rotate") { request, context in
            let json = try await request.json(atMost: Self.bodyLimit)
            var body = try ObjectReader(body: json)
            let rotation = body.required("purpose", Field.name(of: Rotation.self))
            try body.finish()
            let purposes = rotation?.purposes ?? []
            return try await Self.answer(request, json, status: .ok, render: Self.wire) { once in
                try await self.authority.rotateKeyring(purposes, by: context.caller, once: once)
            }
        }
    }

    private static func wire(_ status: KeyringStatus) -> JSON {
        [
            "items": .array(status.entries.map(\.publicFields)),
            "credentialsOnOldPeppers": .integer(Int64(status.credentialsOnOldPeppers)),
        ]
    }
}
