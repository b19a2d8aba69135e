/// The proxies that `deploy/` has a configuration for: the columns of the table.
enum Proxy: String, CaseIterable, Sendable {
    case nginx, traefik, caddy, haproxy
    case envoy = "envoy-http"
    case envoyGRPC = "envoy-grpc"

    /// What the table says above the column.
    var title: String {
        switch self {
        case .nginx: "nginx"
        case .traefik: "Traefik"
        case .caddy: "Caddy"
        case .haproxy: "HAProxy"
        case .envoy: "Envoy (HTTP)"
        case .envoyGRPC: "Envoy (gRPC)"
        }
    }
}
