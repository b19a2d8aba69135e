public import ClavigerVerifier
import HTTPTypes
import Hummingbird

/// Finds the token that a client presents: `Authorization: Bearer`, else `X-API-Key`.
///
/// Never the query string.
public enum PresentedCredential {
    private static let scheme = "bearer"
    private static let apiKeyHeader = HTTPField.Name("X-API-Key")

    /// The token; nil when none is presented.
    static func token(in request: Request) -> PresentedToken? {
        self.token(
            authorization: request.headers.one(.authorization),
            apiKey: Self.apiKeyHeader.flatMap { request.headers.one($0) }
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
}
