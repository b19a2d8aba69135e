import ClavigerCore
import ClavigerGateway
import ClavigerService
import HTTPTypes
import SwiftProtobuf

/// Says a decision in Envoy's words.
enum CheckAnswer {
    private static let credentials = CredentialFields.all.map(\.canonicalName)
    private static let identity = [
        IdentityFields.keyID, IdentityFields.consumer, IdentityFields.scopes, IdentityFields.plan,
        IdentityFields.environment,
    ].map(\.canonicalName)

    /// The answer to a check.
    ///
    /// - Parameter forged: the names, in lower case, of fields that the client sent and only a gateway may set.
    static func response(_ answer: GatewayAnswer, forged: [String]) -> EnvoyCheckResponse {
        var response = EnvoyCheckResponse()
        response.status.code = Self.code(for: answer.status)
        guard answer.passes, let key = answer.admission?.verdict.key else {
            response.deniedResponse = Self.denied(answer)
            return response
        }
        var ok = EnvoyOkHttpResponse()
        ok.headers = answer.identity.map(Self.replacing)
        ok.headersToRemove = Self.removed(answer.identity, forged)
        ok.responseHeadersToAdd = answer.client.map(Self.replacing)
        response.okResponse = ok
        response.dynamicMetadata = Self.metadata(key)
        return response
    }

    /// The code of `google.rpc.Code`; everything but 0 keeps Envoy from passing the request on.
    static func code(for status: HTTPResponse.Status) -> Int32 {
        switch status.code {
        case 200: 0
        case 401: 16  // UNAUTHENTICATED
        case 403: 7  // PERMISSION_DENIED
        case 429: 8  // RESOURCE_EXHAUSTED
        case 503: 14  // UNAVAILABLE
        default: 13  // INTERNAL
        }
    }

    private static func denied(_ answer: GatewayAnswer) -> EnvoyDeniedHttpResponse {
        var denied = EnvoyDeniedHttpResponse()
        denied.status.code = Int32(clamping: answer.passes ? 500 : answer.status.code)
        denied.headers = answer.client.map(Self.replacing)
        denied.body = String(decoding: answer.body, as: UTF8.self)
        return denied
    }

    /// A field in the place of all that have its name.
    private static func replacing(_ field: HTTPField) -> EnvoyHeaderValueOption {
        var option = EnvoyHeaderValueOption()
        option.header.key = field.name.canonicalName
        option.header.value = field.value
        // Older versions of Envoy know only the first; without it, newer ones look at the second.
        option.append = Google_Protobuf_BoolValue(false)
        option.appendAction = .overwriteIfExistsOrAdd
        return option
    }

    /// What must not reach the upstream: the credential, and what only a gateway may say.
    ///
    /// Envoy removes after it has set; so what is set must not be among them.
    private static func removed(_ identity: HTTPFields, _ forged: [String]) -> [String] {
        var names = Self.credentials
        for name in Self.identity where !identity.contains(where: { $0.name.canonicalName == name }) {
            names.append(name)
        }
        for name in forged where !Self.identity.contains(name) && !names.contains(name) { names.append(name) }
        return names
    }

    /// For Envoy's access log and the filters behind this one.
    private static func metadata(_ key: KeySnapshot) -> Google_Protobuf_Struct {
        var fields: [String: Google_Protobuf_Value] = [
            "key_id": .init(stringValue: key.keyID.text),
            "consumer": .init(stringValue: key.consumer.externalID),
            "api": .init(stringValue: key.api.reference.name.text),
            "environment": .init(stringValue: key.environment.text),
        ]
        if let plan = key.allowance?.plan { fields["plan"] = .init(stringValue: plan.text) }
        return Google_Protobuf_Struct(fields: fields)
    }
}
