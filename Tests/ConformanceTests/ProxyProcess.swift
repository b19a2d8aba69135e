import ClavigerTestSupport
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A real proxy, with its configuration of `deploy/`.
struct ProxyProcess: Sendable {
    /// What an operator decides when copying a configuration.
    struct Setup: Sendable {
        /// Where the proxy listens.
        var port: Int
        /// Where Claviger listens.
        var authority: Int
        /// Where Claviger listens for checks over gRPC.
        var checks: Int
        /// Where the application listens.
        var application: Int
        /// The address of a proxy in front of this one.
        var front: String
        /// The api and the environment.
        var route: String
        /// What the route demands, as the query that the adapters take.
        var demands: String
        /// What the proxy proves itself to Claviger with.
        var secret: String?
        /// Where the files go.
        var folder: String
    }

    private let process: ChildProcess

    static func start(_ proxy: Proxy, _ setup: Setup) throws -> ProxyProcess {
        try FileManager.default.createDirectory(atPath: setup.folder, withIntermediateDirectories: true)
        let (program, arguments) =
            switch proxy {
            case .nginx: try Self.nginx(setup)
            case .traefik: try Self.traefik(setup)
            case .caddy: try Self.caddy(setup)
            case .haproxy: try Self.haproxy(setup)
            case .envoy: try Self.envoy(setup)
            case .envoyGRPC: try Self.envoyGRPC(setup)
            }
        return try Self.start(program, arguments, setup.folder)
    }

    /// A plain nginx in front of the others, which connects to them from `address`.
    static func front(_ address: String, _ ports: [(listen: Int, to: Int)], _ folder: String) throws -> ProxyProcess {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let servers = ports.map { port in
            """
            server {
                listen 127.0.0.1:\(port.listen);
                location / {
                    proxy_bind \(address);
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $http_host;
                    proxy_pass http://127.0.0.1:\(port.to);
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                }
            }
            """
        }
        let text = """
            pid \(folder)/nginx.pid;
            error_log stderr;
            events {}
            http {
            access_log off;
            \(Self.nginxFolders(folder))
            \(servers.joined(separator: "\n"))
            }
            """
        try text.write(toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
        return try Self.start("nginx", ["-c", "\(folder)/nginx.conf", "-g", "daemon off;"], folder)
    }

    /// What it wrote.
    var printed: String { self.process.outputText + self.process.errorText }
    var isRunning: Bool { self.process.isRunning }

    /// Asks it to stop and waits.
    func stop() async {
        self.process.signal(SIGTERM)
        for _ in 0..<500 where self.process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
        self.process.signal(SIGKILL)
        await self.process.wait()
    }

    private static func start(_ program: String, _ arguments: [String], _ folder: String) throws -> ProxyProcess {
        // Debian has servers where only root's PATH leads; the packages of PyPI are in .venv.
        let path = "\(ShippedFile.root)/.venv/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin"
        let places = path.split(separator: ":").map { "\($0)/\(program)" }
        guard let place = places.first(where: FileManager.default.isExecutableFile) else {
            throw Unexpected("\(program) is missing: run scripts/bootstrap.sh --test")
        }
        let environment = ["PATH": path, "HOME": folder]
        return ProxyProcess(
            process: try ChildProcess(place, arguments, environment: environment, folder: folder)
        )
    }

    // MARK: What the first lines of each file tell the operator to change, and the places of this machine.

    private static func nginx(_ setup: Setup) throws -> (String, [String]) {
        var file = try ShippedFile("nginx.conf")
        try file.change(line: "1", "payments/production", to: setup.route + setup.demands)
        try file.change(line: "2", ":9000", to: ":\(setup.application)")
        try file.change(line: "Claviger", ":8080", to: ":\(setup.authority)")
        if let secret = setup.secret {
            try file.change(line: "secret", "# proxy_set", to: "proxy_set")
            try file.change(line: "secret", "…", to: secret)
        }
        try file.change("listen 80;", to: "listen 127.0.0.1:\(setup.port);")
        try file.change("/run/nginx.pid", to: "\(setup.folder)/nginx.pid")
        try file.change("/var/log/nginx/error.log", to: "stderr")
        try file.change("    access_log off;\n", to: "    access_log off;\n\(Self.nginxFolders(setup.folder))\n")
        return ("nginx", ["-c", try file.write(in: setup.folder), "-g", "daemon off;"])
    }

    /// Folders that a user who is not root can write to.
    private static func nginxFolders(_ folder: String) -> String {
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
            .joined(separator: "\n")
    }

    private static func traefik(_ setup: Setup) throws -> (String, [String]) {
        var dynamic = try ShippedFile("traefik-dynamic.yml")
        try dynamic.change(line: "1", "payments/production", to: setup.route + setup.demands)
        try dynamic.change(line: "1", ":8080", to: ":\(setup.authority)")
        try dynamic.change(line: "2", ":9000", to: ":\(setup.application)")
        if let secret = setup.secret {
            try dynamic.change("\"\"  # secret", to: "\"\(secret)\"  # secret")
        }
        var file = try ShippedFile("traefik.yml")
        try file.change(line: "front", "[]", to: "[\(setup.front)]")
        try file.change("\":80\"", to: "\"127.0.0.1:\(setup.port)\"")
        try file.change("filename: /etc/traefik/", to: "filename: \(setup.folder)/")
        _ = try dynamic.write(in: setup.folder)
        return ("traefik", ["--configFile=\(try file.write(in: setup.folder))"])
    }

    private static func caddy(_ setup: Setup) throws -> (String, [String]) {
        var file = try ShippedFile("Caddyfile")
        try file.change(
            line: "1",
            "payments/production?",
            to: setup.route + (setup.demands.isEmpty ? "?" : setup.demands)
        )
        try file.change(line: "2", ":9000", to: ":\(setup.application)")
        try file.change(line: "Claviger", ":8080", to: ":\(setup.authority)")
        try file.change(
            line: "front",
            "# trusted_proxies static 10.0.0.0/8",
            to: "trusted_proxies static \(setup.front)"
        )
        if let secret = setup.secret {
            try file.change(line: "secret", "# header_up", to: "header_up")
            try file.change(line: "secret", "…", to: secret)
        }
        try file.change("\n:80 {", to: "\n:\(setup.port) {")
        let path = try file.write(in: setup.folder)
        return ("caddy", ["run", "--config", path, "--adapter", "caddyfile"])
    }

    private static func haproxy(_ setup: Setup) throws -> (String, [String]) {
        var file = try ShippedFile("haproxy.cfg")
        var lua = try ShippedFile("claviger.lua")
        try file.change(line: "1", "payments/production", to: setup.route + setup.demands)
        try file.change(line: "2", ":9000", to: ":\(setup.application)")
        try file.change(line: "Claviger", ":8080", to: ":\(setup.authority)")
        if let secret = setup.secret {
            try file.change(line: "secret", "# http-request", to: "http-request")
            try file.change(line: "secret", "…", to: secret)
        }
        try file.change("bind :80", to: "bind 127.0.0.1:\(setup.port)")
        try file.change("per-thread /etc/haproxy/", to: "per-thread \(setup.folder)/")
        // Two runs on one machine would take each other's.
        try file.change("abns@claviger", to: "abns@claviger-\(setup.port)")
        try lua.change("abns@claviger", to: "abns@claviger-\(setup.port)")
        _ = try lua.write(in: setup.folder)
        return ("haproxy", ["-db", "-f", try file.write(in: setup.folder)])
    }

    private static func envoy(_ setup: Setup) throws -> (String, [String]) {
        var file = try ShippedFile("envoy-http.yaml")
        try file.change(line: "1", "payments/production", to: setup.route)
        try file.change(line: "2", "9000", to: "\(setup.application)")
        try file.change(line: "Claviger", "8080", to: "\(setup.authority)")
        if let secret = setup.secret {
            try file.change("# authorization_request:  # secret", to: "authorization_request:")
            try file.change("#   headers_to_add:", to: "  headers_to_add:")
            try file.change("…", to: secret)
        }
        try file.change("0.0.0.0, port_value: 80 ", to: "127.0.0.1, port_value: \(setup.port) ")
        return ("envoy", ["-c", try file.write(in: setup.folder)] + Self.envoyArguments)
    }

    /// With hot restarts, it stops when the thread that started it does.
    private static let envoyArguments = ["--disable-hot-restart", "--concurrency", "2", "-l", "warn"]

    private static func envoyGRPC(_ setup: Setup) throws -> (String, [String]) {
        var file = try ShippedFile("envoy-grpc.yaml")
        let route = setup.route.split(separator: "/").map(String.init)
        guard route.count == 2 else { throw Unexpected("the route is \(setup.route)") }
        try file.change("api: payments  # 1", to: "api: \(route[0])")
        // What the adapters take as a query, the file has as further extensions of the route.
        let demands = setup.demands.dropFirst().split(separator: "&").map { demand in
            let parts = demand.split(separator: "=")
            return "\n                              \(parts[0]): \"\(parts[1])\""
        }
        try file.change("environment: production  # 1", to: "environment: \(route[1])" + demands.joined())
        try file.change(line: "2", "8000", to: "\(setup.application)")
        try file.change(line: "Claviger", "9001", to: "\(setup.checks)")
        try file.change("0.0.0.0, port_value: 10000 ", to: "127.0.0.1, port_value: \(setup.port) ")
        return ("envoy", ["-c", try file.write(in: setup.folder)] + Self.envoyArguments)
    }
}
