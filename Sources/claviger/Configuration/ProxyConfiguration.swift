import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import Yams

/// The reverse proxy: where it listens and where requests go.
struct ProxyConfiguration: Sendable, Hashable {
    static let defaultPort = 8081

    /// Where requests for the upstreams come in.
    var address: ListenAddress
    /// At least one.
    var routes: [ProxyRoute]
    /// Whether an upstream that cannot be reached stops the start.
    var checksUpstreams: Bool
}

/// What a file says about the proxy, in its section `proxy`.
struct ProxySection: Sendable {
    var host: String?
    var port: Int?
    /// Where the address is written, for messages.
    var addressPlace = ""
    var routes: [ProxyRoute] = []
    private(set) var problems: [ConfigurationProblems.Problem] = []

    init(_ node: Node, file: String, place: String) {
        var section = YAMLSection(node, name: "proxy", file: file, place: place)
        self.addressPlace = place
        if var listen = section.section("listen") {
            self.host = listen.value("host") { $0 }
            self.port = listen.value("port") { text throws(FieldError) in
                try ProxyRouteText.number(text, in: 0...65_535)
            }
            self.addressPlace = listen.place(of: "host")
            self.problems += listen.finished()
        }
        let routes = section.sections("routes")
        for route in routes {
            let (value, problems) = Self.route(route)
            self.problems += problems
            guard let value else { continue }
            if let other = self.routes.first(where: { $0.host == value.host && $0.path == value.path }) {
                let message = "\(route.name) has the host and the path of the route at \(other.place)."
                self.problems.append(.init(place: value.place, message: message))
            }
            self.routes.append(value)
        }
        self.problems += section.finished()
        if routes.isEmpty, self.problems.isEmpty {
            self.problems.append(.init(place: place, message: "proxy needs routes: a list with at least one."))
        }
    }

    private static func route(_ route: YAMLSection) -> (ProxyRoute?, [ConfigurationProblems.Problem]) {
        var route = route
        let host = route.value("host", ProxyRouteText.host)
        let path = route.value("path", ProxyRouteText.path)
        let api = route.needed("api", ProxyRouteText.name)
        let environment = route.needed("environment", ProxyRouteText.name)
        let upstream = route.needed("upstream", UpstreamAddress.init(parsing:))
        let preservesHost = route.value("preserveHost", ProxyRouteText.flag)
        let stripsPrefix = route.value("stripPrefix", ProxyRouteText.flag)
        let scopes = route.value("scopes", ScopeQuery.init(parsing:))
        let cost = route.value("cost") { text throws(FieldError) in
            try ProxyRouteText.number(text, in: 1...1_000_000)
        }
        let timeout = route.value("timeout", ProxyRouteText.timeout)
        var tls = UpstreamTLS()
        var problems: [ConfigurationProblems.Problem] = []
        if var section = route.section("tls") {
            tls.caFile = section.value("caFile") { $0 }
            tls.pins = section.values("pins", SPKIPin.init(parsing:))
            problems = section.finished()
            if let upstream, !upstream.usesTLS {
                problems.append(.init(place: section.place, message: "\(section.name) is for an https upstream."))
            }
        }
        problems += route.finished()
        guard problems.isEmpty, let api, let environment, let upstream,
            let path = path ?? (try? RequestPath(normalizing: "/"))
        else { return (nil, problems) }
        let value = ProxyRoute(
            // The upstream is what most often turns out to be wrong when the server starts.
            place: route.place(of: "upstream"),
            host: host,
            path: path,
            api: api,
            environment: environment,
            upstream: upstream,
            preservesHost: preservesHost ?? false,
            stripsPrefix: stripsPrefix ?? false,
            scopes: scopes,
            cost: cost,
            timeout: timeout ?? ProxyRouteText.defaultTimeout,
            tls: tls
        )
        return (value, [])
    }
}

/// Reads the values of a route, from a file or from flags.
enum ProxyRouteText {
    static let defaultTimeout = Duration.seconds(60)
    private static let timeouts = Duration.seconds(1) ... .seconds(86_400)

    static func name(_ text: String) throws(FieldError) -> String {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw FieldError("must be a name")
        }
        return text
    }

    static func path(_ text: String) throws(FieldError) -> RequestPath {
        guard !text.contains("*"), !text.contains("?"), !text.contains("#") else {
            throw FieldError("must be what the paths begin with, without * and query, such as /v1")
        }
        return try RequestPath(normalizing: text)
    }

    static func host(_ text: String) throws(FieldError) -> String {
        let name = text.lowercased()
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".-_:[]".utf8.contains(byte)
        }
        let hasPort = !name.hasPrefix("[") && name.contains(":") || name.hasPrefix("[") && !name.hasSuffix("]")
        guard (1...253).contains(name.utf8.count), isPlain, !hasPort, !name.hasSuffix(".") else {
            throw FieldError("must be a host name such as api.example.com, without a port")
        }
        return name
    }

    static func flag(_ text: String) throws(FieldError) -> Bool {
        guard let value = Bool(text) else { throw FieldError("must be true or false") }
        return value
    }

    static func number(_ text: String, in range: ClosedRange<Int>) throws(FieldError) -> Int {
        guard let value = Int(text.replacing("_", with: "")), range.contains(value) else {
            throw FieldError("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    static func timeout(_ text: String) throws(FieldError) -> Duration {
        guard let value = try? DurationText.parse(text), Self.timeouts.contains(value) else {
            throw FieldError("must be a time from 1s to 1d, such as 60s")
        }
        return value
    }
}
