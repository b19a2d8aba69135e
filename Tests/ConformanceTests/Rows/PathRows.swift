import Foundation

extension Section {
    /// Spellings of paths, with a key that may use `/public/**` and not `/admin/**`.
    ///
    /// A cell is the status, and the path that arrives where one does. Whatever a row says, no spelling may arrive that
    /// an application could read as `/admin/…`.
    static let paths = Section(
        title: "Odd paths",
        rows: [
            row("/public/a/", "200 /public/a/"),
            row("/public/a?x=/../../admin/a", "200 /public/a?x=/../../admin/a"),
            row("/public/a?scopes=admin&cost=7", "200 /public/a?scopes=admin&cost=7"),
            row("/public/%C3%A4", "200 /public/%C3%A4"),
            row("/public/%c3%a4", "200 /public/%c3%a4", except: [.traefik: "200 /public/%C3%A4"]),
            row("/%70ublic/a", "200 /%70ublic/a", normalized: "200 /public/a"),
            row("//public//a", "200 //public//a", normalized: "200 /public/a"),
            row("/public/./a", "200 /public/./a", normalized: "200 /public/a"),
            row("/public/b/../a", "200 /public/b/../a", normalized: "200 /public/a"),
            row("/admin/../public/a", "200 /admin/../public/a", normalized: "200 /public/a"),
            row("/admin/a", "403"),
            row("//admin/a", "403"),
            row("/admin//a", "403"),
            row("/./admin/a", "403"),
            row("/%61dmin/a", "403"),
            row("/public/../admin/a", "403"),
            row("/public/%2e%2e/admin/a", "403"),
            row("/public/.%2E/admin/a", "403"),
            // Envoy removes the empty segment, and that is the path for Claviger and the application.
            row(
                "/public//../admin/a",
                "403",
                except: [.envoy: "200 /public/admin/a", .envoyGRPC: "200 /public/admin/a"]
            ),
            row("/public/%2e%2e%2fadmin/a", "403", except: [.envoy: "400", .envoyGRPC: "400"]),
            row("/public%2f..%2fadmin/a", "403", except: [.envoy: "400", .envoyGRPC: "400"]),
            row("/public%2fa", "403", except: [.envoy: "400", .envoyGRPC: "400"]),
            row("/public/..;/admin/a", "403"),
            row("/public/..%3b/admin/a", "403"),
            row("/public;/../admin/a", "403"),
            row("/public/..%5cadmin/a", "403", except: [.envoy: "400", .envoyGRPC: "400"]),
            row(#"/public/..\admin/a"#, "403"),
            row("/public/%252e%252e/admin/a", "403"),
            row("/public/%00/../../admin/a", "403", except: [.nginx: "400", .envoy: "400", .envoyGRPC: "400"]),
            row("/public/a%0a", "403"),
            row(
                "/public/a#/../../admin/a",
                "403",
                except: [.traefik: "400", .haproxy: "400", .envoy: "400", .envoyGRPC: "400"]
            ),
            row(
                "/public/a#x?/../../admin/a",
                "403",
                except: [
                    .traefik: "400", .caddy: "200 /public/a%23x?/../../admin/a", .haproxy: "400", .envoy: "400",
                    .envoyGRPC: "400",
                ]
            ),
            row("/../admin/a", "403", except: [.nginx: "400"]),
            row("/ADMIN/a", "403"),
            row("http://api.example/admin/a", "403"),
            row("http://api.example/public/a", "200 /public/a"),
            row("http:///admin/a", "403", except: [.nginx: "400", .envoy: "400", .envoyGRPC: "400"]),
            row("*", "400", except: [.traefik: "404", .caddy: "500", .haproxy: "500"]),
            told("X-Original-URI", "/public/a"),
            told("X-Forwarded-Uri", "/public/a"),
            told("X-Forwarded-Uri", "/public/a", throughFront: true),
            told("X-Original-URL", "/public/a"),
            told("X-Rewrite-URL", "/public/a"),
            told("X-Envoy-Original-Path", "/public/a"),
        ]
    )

    /// - Parameter normalized: what comes of it with the proxies that normalise paths.
    private static func row(
        _ target: String,
        _ expected: String,
        normalized: String? = nil,
        except: [Proxy: String] = [:]
    ) -> Row {
        let except = normalized.map { [.traefik: $0, .envoy: $0, .envoyGRPC: $0] } ?? except
        return Row("`\(target)`", expected, except: except) { stand, keys, proxy in
            try await Self.arrival(stand.ask(proxy, target, key: keys.token("plain")))
        }
    }

    /// `/admin/a`, with a header in which a client says that it asked for something else.
    private static func told(_ name: String, _ value: String, throughFront: Bool = false) -> Row {
        let place = throughFront ? ", behind a proxy in front" : ""
        return Row("`/admin/a` with `\(name): \(value)`\(place)", "403") { stand, keys, proxy in
            let key = try keys.token("plain")
            return try await Self.arrival(
                stand.ask(proxy, "/admin/a", key: key, with: [(name, value)], throughFront: throughFront)
            )
        }
    }

    private static func arrival(_ answer: Exchange.Answer) throws -> String {
        guard answer.values("X-Echo") == ["yes"] else { return "\(answer.status)" }
        let target = try answer.seen().target
        let isBreach = Self.readings(of: target).contains { $0.lowercased().contains("admin") }
        return isBreach ? "BREACH \(target)" : "\(answer.status) \(target)"
    }

    /// The segments that a path could be made of to an application: decoded up to twice, with what may separate.
    private static func readings(of target: String) -> [String] {
        var path = target
        if let end = path.firstIndex(of: "?") { path = String(path[..<end]) }
        return (0...2).compactMap { _ in
            defer { path = path.removingPercentEncoding ?? path }
            var segments: [Substring] = []
            for part in path.split(whereSeparator: { "/\\".contains($0) }) {
                let segment = part.prefix { $0 != ";" }
                if segment == ".." { _ = segments.popLast() } else if segment != "." { segments.append(segment) }
            }
            return segments.first.map(String.init)
        }
    }
}
