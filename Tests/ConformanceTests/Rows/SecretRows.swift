import ClavigerCore

extension Section {
    /// Claviger wants a secret, and the configurations do not have it.
    ///
    /// Checks over gRPC arrive on an address of their own, which no secret is for: elsewhere than on loopback it wants a
    /// certificate.
    static let withoutSecret = Section(
        title: "Without the secret that Claviger wants",
        rows: [
            Row(
                "a valid key",
                "401 unauthorized `Bearer`",
                except: [.nginx: "503 unavailable `Bearer`", .envoyGRPC: "200"]
            ) {
                stand,
                keys,
                proxy in
                try await stand.ask(proxy, key: keys.token("plain")).outcome
            },
            Row(
                "a valid key, and the secret from the client",
                "401 unauthorized `Bearer`",
                except: [.nginx: "503 unavailable `Bearer`", .envoyGRPC: "200"]
            ) {
                stand,
                keys,
                proxy in
                try await Self.withSecret(Stand.secret, stand, keys.token("plain"), proxy).outcome
            },
        ]
    )

    /// The same configurations with the lines for the secret, and with `?scopes=read&cost=2` behind the address.
    static let withSecret = Section(
        title: "With the secret, and a route that demands the scope `read` and costs 2",
        rows: [
            Row("a valid key", "200") { stand, keys, proxy in
                try await stand.ask(proxy, key: keys.token("plain")).outcome
            },
            Row("a valid key, and another secret from the client", "200") { stand, keys, proxy in
                try await Self.withSecret("made-up", stand, keys.token("plain"), proxy).outcome
            },
            Row("the secret, at the application", "no") { stand, keys, proxy in
                let seen = try await Self.withSecret("made-up", stand, keys.token("plain"), proxy).seen()
                return seen.headers.contains { $0.value.contains(Stand.secret) || $0.value == "made-up" } ? "yes" : "no"
            },
            Row(
                "a key without the scope",
                #"403 forbidden `Bearer error="insufficient_scope", scope="read"`"#,
                except: [.envoy: "200"]
            ) { stand, keys, proxy in try await stand.ask(proxy, key: keys.token("planned")).outcome },
            Row(
                "a key without the scope, with `?scopes=` from the client",
                #"403 forbidden `Bearer error="insufficient_scope", scope="read"`"#,
                except: [.envoy: "200"]
            ) { stand, keys, proxy in
                try await stand.ask(proxy, "/public/a?scopes=&cost=0", key: keys.token("planned")).outcome
            },
            Row("what it takes from 10 credits", "2", except: [.envoy: "1"]) { stand, keys, proxy in
                let name = "ten credits \(proxy)"
                _ = try await stand.ask(proxy, key: keys.token(name)).seen()
                let asked: JSON = ["token": .string(try keys.token(name)), "cost": 0]
                let left = try await stand.manage("POST", "/v1/keys/verify", asked)["credits"]?["remaining"]?.integer
                return left.map { "\(10 - $0)" } ?? "nothing"
            },
        ]
    )

    private static func withSecret(
        _ secret: String,
        _ stand: Stand,
        _ key: String,
        _ proxy: Proxy
    ) async throws -> Exchange.Answer {
        try await stand.ask(proxy, key: key, with: [("X-Claviger-Gateway-Secret", secret)])
    }
}
