public import ClavigerVerifier
public import HTTPTypes
import Hummingbird

/// Finds the token that a client presents: `Authorization: Bearer`, else `X-API-Key`.
///
/// Never the query string.
public enum PresentedCredential {
    private static let scheme = "bearer"
    private static let apiKeyHeader = HTTPField.Name("X-API-Key")

    /// The token; nil when none is presented.
    static func token(in request: Request) -> PresentedToken? {
        self.token(in: request.headers)
    }

    /// The token; nil when none is presented.
    public static func token(in headers: HTTPFields) -> PresentedToken? {
        if let authorization = headers.one(.authorization) {
            // RFC 9110 section 11.1: the scheme is compared without regard to case. Byte by byte, as every call does it.
            let bytes = authorization.utf8
            let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
            guard scheme.count == Self.scheme.count, zip(scheme, Self.scheme.utf8).allSatisfy({ $0 | 0x20 == $1 })
            else {
                return nil
            }
            return PresentedToken(Array(bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }))
        }
        return Self.apiKeyHeader.flatMap { headers.one($0) }.map { PresentedToken($0) }
    }
}
