extension Section {
    /// What arrives at the application, and what it says to the client.
    static let headers = Section(
        title: "What the application sees",
        rows: [
            Row("who the client is", "yes") { stand, keys, proxy in
                let seen = try await stand.ask(proxy, key: keys.token("planned")).seen()
                let expected = [
                    ("X-Claviger-Key-Id", try keys.id("planned")), ("X-Claviger-Consumer", "acme"),
                    ("X-Claviger-Plan", "gold"), ("X-Claviger-Environment", "production"),
                ]
                for (name, value) in expected where seen.values(name) != [value] {
                    return "\(name): \(seen.values(name))"
                }
                let scopes = try await stand.ask(proxy, "/admin/a", key: keys.token("admin")).seen()
                return scopes.values("X-Claviger-Scopes") == ["admin read"] ? "yes" : "\(scopes.headers)"
            },
            Row("the key, in `Authorization` or `X-API-Key`", "no") { stand, keys, proxy in
                let key = try keys.token("plain")
                let first = try await stand.ask(proxy, key: key, with: [("X-API-Key", key)]).seen()
                let second = try await stand.ask(proxy, with: [("x-api-key", key), ("X_API_Key", "a")]).seen()
                let names = (first.headers + second.headers).map { $0.name.lowercased() }
                let values = (first.headers + second.headers).map(\.value)
                let isThere = names.contains { $0 == "authorization" || Self.spelled($0) == "x-api-key" }
                return isThere || values.contains { $0.contains(key) } ? "yes" : "no"
            },
            Row("`X-Claviger-…` that the client made up", "no") { stand, keys, proxy in
                try await Self.spoofed(stand, keys, proxy, "X-Claviger-Key-Id", "x-claviger-PLAN", "X-Claviger-Plan")
            },
            Row("the same with `_` for `-`", "no") { stand, keys, proxy in
                try await Self.spoofed(stand, keys, proxy, "X_Claviger_Key_Id", "X-Claviger_Plan", "x_claviger-plan")
            },
            Row("names that Claviger does not use yet", "no", except: [.nginx: "X-Claviger-Later"]) {
                stand,
                keys,
                proxy in
                try await Self.spoofed(stand, keys, proxy, "X-Claviger-Later")
            },
            Row("the gateway's secret, or one that the client made up", "no") { stand, keys, proxy in
                try await Self.spoofed(stand, keys, proxy, "X-Claviger-Gateway-Secret", "X-Claviger-Status")
            },
            Row(
                "who the client is, with `Connection: X-Claviger-Key-Id`",
                "yes",
                except: [.caddy: "400", .haproxy: "400"]
            ) {
                stand,
                keys,
                proxy in
                let answer = try await stand.ask(
                    proxy,
                    key: keys.token("plain"),
                    with: [("Connection", "X-Claviger-Key-Id")]
                )
                guard answer.status == 200 else { return answer.outcome }
                let seen = try answer.seen()
                return try seen.values("X-Claviger-Key-Id") == [keys.id("plain")] ? "yes" : "no"
            },
            Row("a body of 100 kB, and the method", "POST 100000") { stand, keys, proxy in
                let body = String(repeating: "x", count: 100_000)
                let seen = try await stand.ask(proxy, key: keys.token("plain"), method: "POST", body: body).seen()
                return "\(seen.method) \(seen.body)"
            },
            Row("the ten requests after it", "200") { stand, keys, proxy in
                let key = try keys.token("plain")
                for _ in 0..<10 {
                    let answer = try await stand.ask(proxy, key: key)
                    guard answer.status == 200 else { return answer.outcome }
                }
                return "200"
            },
            Row("limits in a 200, for the client", "yes", except: [.traefik: "no"]) {
                stand,
                keys,
                proxy in
                let answer = try await stand.ask(proxy, key: keys.token("planned"))
                let told = ["RateLimit", "RateLimit-Policy"].map { answer.values($0).count }
                guard answer.status == 200 else { return answer.outcome }
                return told == [1, 1] ? "yes" : told == [0, 0] ? "no" : "\(answer.headers)"
            },
            Row("its own 401, 403, 429 and 500, for the client", "untouched") { stand, keys, proxy in
                for status in [401, 403, 429, 500] {
                    let answer = try await stand.ask(
                        proxy,
                        key: keys.token("plain"),
                        with: [("X-Answer-Status", "\(status)")]
                    )
                    guard answer.status == status, answer.values("X-Echo") == ["yes"] else { return answer.outcome }
                }
                return "untouched"
            },
        ]
    )

    /// Sends headers and answers those of their values that arrive, by the first name.
    private static func spoofed(
        _ stand: Stand,
        _ keys: Keys,
        _ proxy: Proxy,
        _ names: String...
    ) async throws -> String {
        let headers = names.map { (name: $0, value: "made-up") }
        let seen = try await stand.ask(proxy, key: keys.token("plain"), with: headers).seen()
        guard try seen.values("X-Claviger-Key-Id") == [keys.id("plain")] else { return "\(seen.headers)" }
        return seen.headers.first { $0.value.contains("made-up") }?.name ?? "no"
    }

    private static func spelled(_ name: String) -> String {
        String(name.map { $0 == "_" ? "-" : $0 })
    }
}
