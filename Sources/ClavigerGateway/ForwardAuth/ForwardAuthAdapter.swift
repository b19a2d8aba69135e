import HTTPTypes

/// What the proxies that people run say of a request, and what they understand of an answer.
public enum ForwardAuthAdapter: String, CaseIterable, Sendable {
    /// `auth_request` of nginx.
    case nginx
    /// `ForwardAuth` of Traefik.
    case traefik
    /// `forward_auth` of Caddy.
    case caddy
    /// The Lua action in `deploy/` for HAProxy.
    case haproxy
    /// `ext_authz` of Envoy over HTTP, which calls with the original method, and the original path behind a prefix.
    case envoy

    /// The fields in which the proxy gives the original method and target; nil where they are the call's own.
    var names: (method: HTTPField.Name, target: HTTPField.Name)? {
        switch self {
        case .nginx, .haproxy: (.known("X-Original-Method"), .known("X-Original-URI"))
        case .traefik, .caddy: (.known("X-Forwarded-Method"), .known("X-Forwarded-Uri"))
        case .envoy: nil
        }
    }

    /// The status that the proxy is answered with.
    ///
    /// `auth_request` takes any other than these for a failure of its own; the shipped configuration restores the
    /// right one from `X-Claviger-Status`.
    func status(for status: HTTPResponse.Status) -> HTTPResponse.Status {
        guard self == .nginx else { return status }
        switch status {
        case .ok, .unauthorized, .forbidden: return status
        default: return .forbidden
        }
    }
}
