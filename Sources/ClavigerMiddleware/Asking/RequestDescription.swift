import ClavigerClient
import ClavigerCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Tells the authority what a request looks like, within what it takes.
enum RequestDescription {
    private static let longestPath = 2048
    private static let longestOrigin = 512
    private static let longestReferrer = 2048
    private static let longestUserAgent = 1024
    private static let forwarded = HTTPField.Name("Forwarded")
    private static let xForwardedFor = HTTPField.Name("X-Forwarded-For")

    /// The description; nil if the request is such that nothing could be decided by it.
    static func context(
        of request: Request,
        peer: SocketAddress?,
        trusting proxies: TrustedProxies
    ) -> VerificationContext? {
        // The path that the router goes by, as the client wrote it: a decoded one would be read differently.
        let path = request.uri.path
        let origin = request.headers[.origin]
        guard HTTPMethodName(folding: request.method.rawValue) != nil,
            path.unicodeScalars.count <= Self.longestPath,
            (origin?.unicodeScalars.count ?? 0) <= Self.longestOrigin
        else { return nil }
        return VerificationContext(
            ip: Self.client(of: request, peer, proxies)?.description,
            method: request.method.rawValue,
            path: path,
            origin: origin,
            // Half an address is another one. Without it a key that is restricted to origins is refused.
            referrer: request.headers[.referer].flatMap {
                $0.unicodeScalars.count <= Self.longestReferrer ? $0 : nil
            },
            // Nothing is decided by it.
            userAgent: request.headers[.userAgent].map {
                String(String.UnicodeScalarView($0.unicodeScalars.prefix(Self.longestUserAgent)))
            }
        )
    }

    private static func client(
        of request: Request,
        _ peer: SocketAddress?,
        _ proxies: TrustedProxies
    ) -> IPAddress? {
        guard let peer = peer?.ipAddress.flatMap({ IPAddress(parsing: $0) }) else { return nil }
        guard let forwarded = Self.forwarded, let xForwardedFor = Self.xForwardedFor else { return peer }
        return proxies.clientAddress(
            peer: peer,
            forwarded: request.headers[values: forwarded],
            xForwardedFor: request.headers[values: xForwardedFor]
        )
    }
}
