import ClavigerVerifier
import HTTPTypes
import Hummingbird

/// Finds the token that a client presents: `Authorization: Bearer`, else `X-API-Key`.
///
/// Never the query string.
enum PresentedCredential {
    private static let apiKeyHeader = HTTPField.Name("X-API-Key")

    /// The token; nil when none is presented.
    static func token(in request: Request) -> PresentedToken? {
        if let authorization = request.headers[.authorization] {
            // RFC 9110 section 11.1: the scheme is compared without regard to case.
            let scheme = authorization.prefix { $0 != " " }
            guard scheme.lowercased() == "bearer" else { return nil }
            return PresentedToken(String(authorization.dropFirst(scheme.count).drop { $0 == " " }))
        }
        return Self.apiKeyHeader.flatMap { request.headers[$0] }.map { PresentedToken($0) }
    }
}
