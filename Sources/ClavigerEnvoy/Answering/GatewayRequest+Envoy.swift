import ClavigerCore
import ClavigerGateway
import ClavigerHTTP

extension GatewayRequest {
    /// The client's request as Envoy tells of it.
    ///
    /// - Parameter trustedProxies: the proxies in front of Envoy whose `X-Forwarded-For` counts.
    init(
        _ attributes: EnvoyAttributeContext,
        _ headers: ClientHeaders,
        _ settings: RouteSettings,
        trustedProxies: TrustedProxies
    ) {
        let source = attributes.source
        let request = attributes.request.http
        let path = Self.path(of: request.path)
        let peer = IPAddress(parsing: source.address.socketAddress.address)
        self.init(
            token: PresentedCredential.token(authorization: headers.authorization, apiKey: headers.apiKey),
            context: ClientContext(
                // `Forwarded` does not count: Envoy passes it on as it came, and would vouch for what a client invented.
                ip: peer.flatMap {
                    trustedProxies.clientAddress(peer: $0, forwarded: [], xForwardedFor: headers.forwardedFor)
                },
                method: request.method.isEmpty ? nil : request.method,
                path: path.isEmpty ? nil : path,
                origin: headers.origin,
                referrer: headers.referrer,
                userAgent: headers.userAgent,
                certificateThumbprint: ClientCertificate.thumbprint(source.certificate)
            ),
            scopes: settings.scopes,
            cost: settings.cost
        )
    }
}
