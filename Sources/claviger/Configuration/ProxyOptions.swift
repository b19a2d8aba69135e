import ArgumentParser
import ClavigerCore
import ClavigerGateway
import ClavigerHTTP

/// The flags of the reverse proxy: one route, which stands above those of the file.
struct ProxyOptions: ParsableArguments {
    /// Whether something happens.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
    }

    @Option(help: ArgumentHelp("Let requests pass that have a key of this api.", valueName: "id|name"))
    var api: String?

    @Option(help: ArgumentHelp("… and of this environment (default: production).", valueName: "name"))
    var environment: String?

    @Option(help: ArgumentHelp("Pass them on to this server.", valueName: "url"))
    var upstream: String?

    @Option(help: ArgumentHelp("Listen for them on this address (default: 127.0.0.1).", valueName: "address"))
    var proxyHost: String?

    @Option(help: ArgumentHelp("Listen for them on this port (default: 8081).", valueName: "number"))
    var proxyPort: String?

    @Flag(help: "Let the upstream see the host that the client asked for.")
    var preserveHost = false

    @Option(help: ArgumentHelp("How long the upstream may be silent (default: 60s).", valueName: "time"))
    var upstreamTimeout: String?

    @Option(
        name: .customLong("upstream-ca"),
        help: ArgumentHelp("Verify the upstream's certificate with these, in PEM format.", valueName: "file")
    )
    var upstreamCA: String?

    @Option(
        name: .customLong("upstream-pin"),
        help: ArgumentHelp("Only this public key, sha256/… in base64; may be repeated.", valueName: "pin")
    )
    var upstreamPins: [String] = []

    @Option(help: ArgumentHelp("Refuse to start while an upstream cannot be reached: on or off.", valueName: "choice"))
    var upstreamCheck: Choice = .on
}

extension ProxyOptions {
    /// No flags, for commands that do not have them.
    static var none: ProxyOptions {
        var options = ProxyOptions()
        // The parser's wrappers can be read only after they have been given a value.
        options.api = nil
        options.environment = nil
        options.upstream = nil
        options.proxyHost = nil
        options.proxyPort = nil
        options.preserveHost = false
        options.upstreamTimeout = nil
        options.upstreamCA = nil
        options.upstreamPins = []
        options.upstreamCheck = .on
        return options
    }

    /// Joins the flags with what the file says; nil if there is no route at all.
    func configuration(
        _ section: ProxySection?,
        _ policy: ListenPolicy
    ) throws(ConfigurationProblems) -> ProxyConfiguration? {
        var problems: [ConfigurationProblems.Problem] = []
        var routes = section?.routes ?? []
        if let route = self.route(&problems) {
            routes.removeAll { $0.host == route.host && $0.path == route.path }
            routes.append(route)
        }
        let port = Self.read(self.proxyPort, "--proxy-port", &problems) { text throws(FieldError) in
            try ProxyRouteText.number(text, in: 0...65_535)
        }
        guard problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
        guard !routes.isEmpty else { return nil }
        do throws(ListenRefusal) {
            let address = try ListenAddress(
                host: self.proxyHost ?? section?.host ?? "127.0.0.1",
                port: port ?? section?.port ?? ProxyConfiguration.defaultPort
            )
            if let refusal = policy.refusal(of: address) { throw refusal }
            return ProxyConfiguration(
                address: address,
                routes: routes,
                checksUpstreams: self.upstreamCheck == .on
            )
        } catch {
            let place = self.proxyHost == nil ? section?.addressPlace ?? "proxy.listen" : "--proxy-host"
            throw ConfigurationProblems(problems: [.init(place: place, message: Self.message(for: error))])
        }
    }

    private func route(_ problems: inout [ConfigurationProblems.Problem]) -> ProxyRoute? {
        // A flag that belongs to a route makes one: none of them is read for a route of the file, and a pin that is not
        // looked at must not look as if it were.
        let hasRoute =
            self.api != nil || self.environment != nil || self.upstream != nil || self.preserveHost
            || self.upstreamTimeout != nil || self.upstreamCA != nil || !self.upstreamPins.isEmpty
        guard hasRoute else { return nil }
        let api = Self.needed(self.api, "--api", &problems, ProxyRouteText.name)
        let environment = Self.read(self.environment ?? "production", "--environment", &problems, ProxyRouteText.name)
        let upstream = Self.needed(self.upstream, "--upstream", &problems, UpstreamAddress.init(parsing:))
        let timeout = Self.read(self.upstreamTimeout, "--upstream-timeout", &problems, ProxyRouteText.timeout)
        let pins = self.upstreamPins.compactMap {
            Self.read($0, "--upstream-pin", &problems, SPKIPin.init(parsing:))
        }
        if let upstream, !upstream.usesTLS, self.upstreamCA != nil || !self.upstreamPins.isEmpty {
            let message = "is http: --upstream-ca and --upstream-pin are for an https upstream."
            problems.append(.init(place: "--upstream", message: message))
        }
        guard problems.isEmpty, let api, let environment, let upstream,
            let path = try? RequestPath(normalizing: "/")
        else { return nil }
        return ProxyRoute(
            place: "--upstream",
            path: path,
            api: api,
            environment: environment,
            upstream: upstream,
            preservesHost: self.preserveHost,
            timeout: timeout ?? ProxyRouteText.defaultTimeout,
            tls: UpstreamTLS(caFile: self.upstreamCA, pins: pins)
        )
    }

    private static func needed<Value>(
        _ text: String?,
        _ flag: String,
        _ problems: inout [ConfigurationProblems.Problem],
        _ parse: (String) throws(FieldError) -> Value
    ) -> Value? {
        guard let text else {
            problems.append(.init(place: flag, message: "is needed: --api and --upstream make a route."))
            return nil
        }
        return Self.read(text, flag, &problems, parse)
    }

    private static func read<Value>(
        _ text: String?,
        _ flag: String,
        _ problems: inout [ConfigurationProblems.Problem],
        _ parse: (String) throws(FieldError) -> Value
    ) -> Value? {
        guard let text else { return nil }
        do throws(FieldError) {
            return try parse(text)
        } catch {
            problems.append(.init(place: flag, message: "\(error.message)."))
            return nil
        }
    }

    private static func message(for refusal: ListenRefusal) -> String {
        switch refusal {
        case .invalidHost: "the proxy's address is not an IP address; write one such as 127.0.0.1, or localhost."
        case .invalidPort: "the proxy's port is not a port; write a number from 0 to 65535."
        case .plaintextBeyondLoopback:
            "the proxy would listen in clear text where other machines can reach it: set tls.certificate and "
                + "tls.privateKey, or listen on 127.0.0.1, or set listen.trustedPlaintext to true if a proxy in front "
                + "of this server terminates TLS."
        }
    }
}
