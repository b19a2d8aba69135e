/// What is known of the request that a token came with.
///
/// A restriction that needs what is not known refuses the request.
public struct ClientContext: Hashable, Sendable {
    /// The client's address.
    public var ip: IPAddress?
    /// The HTTP method.
    public var method: String?
    /// The path as the client sent it.
    public var path: String?
    /// The header `Origin`.
    public var origin: String?
    /// The header `Referer`.
    public var referrer: String?
    /// The header `User-Agent`.
    public var userAgent: String?
    /// The certificate that the client has proved to hold.
    public var certificateThumbprint: CertificateThumbprint?

    /// Makes a context; without arguments, one that knows nothing.
    public init(
        ip: IPAddress? = nil,
        method: String? = nil,
        path: String? = nil,
        origin: String? = nil,
        referrer: String? = nil,
        userAgent: String? = nil,
        certificateThumbprint: CertificateThumbprint? = nil
    ) {
        self.ip = ip
        self.method = method
        self.path = path
        self.origin = origin
        self.referrer = referrer
        self.userAgent = userAgent
        self.certificateThumbprint = certificateThumbprint
    }

    /// The origin of the page that the request came from; nil if it is not known, or none that could be allowed.
    ///
    /// Of a client that sends `Origin`, whatever it is, the referrer does not count.
    public var pageOrigin: Origin? {
        guard let origin else { return self.referrer.flatMap { Origin(referrer: $0) } }
        return Origin(parsing: origin)
    }
}
