public import ClavigerVerifier
import Foundation
public import HTTPTypes
public import Hummingbird

/// Finds the token that a client presents: `Authorization: Bearer`, else `X-API-Key`.
///
/// Never the query string.
public enum PresentedCredential {
    private static let scheme = "bearer"
    private static let apiKeyHeader = HTTPField.Name("X-API-Key")

    /// The token; nil when none is presented.
    public static func token(in request: Request) -> PresentedToken? {
        self.token(in: request.headers)
    }

    /// The token; nil when none is presented.
    public static func token(in headers: HTTPFields) -> PresentedToken? {
        self.token(
            authorization: headers.one(.authorization),
            apiKey: Self.apiKeyHeader.flatMap { headers.one($0) }
        )
    }

    /// The token in the values of `Authorization` and `X-API-Key`; nil when none is presented.
    ///
    /// A header that came several times is given as one value, joined as RFC 9110 section 5.2 has it: it is no token then.
    public static func token(authorization: String?, apiKey: @autoclosure () -> String?) -> PresentedToken? {
        guard let authorization else { return apiKey().map { PresentedToken($0) } }
        // RFC 9110 section 11.1: the scheme is compared without regard to case. Byte by byte, as every call does it.
        let bytes = authorization.utf8
        let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard scheme.count == Self.scheme.count, zip(scheme, Self.scheme.utf8).allSatisfy({ $0 | 0x20 == $1 }) else {
            return nil
        }
        return PresentedToken(Array(bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }))
    }

    /// A name and a management key as OAuth clients present them, `Authorization: Basic` (RFC 6749 section 2.3.1).
    struct Client {
        /// The name, of which the key is proof; nil for one that is no text.
        let name: String?
        /// The password.
        let token: PresentedToken
    }

    /// Whether the request has credentials of the scheme `Basic`, whatever they are.
    static func isBasic(_ request: Request) -> Bool {
        guard let scheme = request.headers.one(.authorization)?.utf8.prefix(while: { $0 != UInt8(ascii: " ") }) else {
            return false
        }
        return scheme.count == 5 && zip(scheme, "basic".utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    /// The credentials of the scheme `Basic`; nil when there are none that can be read.
    static func client(in request: Request) -> Client? {
        guard Self.isBasic(request), let field = request.headers.one(.authorization),
            let decoded = Data(base64Encoded: String(field.dropFirst(5).drop { $0 == " " })),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: decoded[..<colon], as: UTF8.self),
            let password = String(validating: decoded[(colon + 1)...], as: UTF8.self),
            let token = FormText.decode(password)
        else { return nil }
        return Client(name: FormText.decode(name), token: PresentedToken(token))
    }
}
