extension Section {
    /// The authority is there and says nothing.
    static let frozen = Section(
        title: "While Claviger does not answer",
        rows: [failing("a valid key", key: true)]
    )

    /// Nobody listens where the authority was.
    static let stopped = Section(
        title: "While Claviger is stopped",
        rows: [failing("a valid key", key: true), failing("no key", key: false)]
    )

    /// The authority is there again.
    static let restarted = Section(
        title: "After a restart of Claviger",
        rows: [
            Row("a valid key", "200") { stand, keys, proxy in
                try await stand.ask(proxy, key: keys.token("plain")).outcome
            },
            Row("a key that was revoked before", #"401 unauthorized `Bearer error="invalid_token"`"#) {
                stand,
                keys,
                proxy in
                try await stand.ask(proxy, key: keys.token("revoked later \(proxy)")).outcome
            },
        ]
    )

    private static func failing(_ name: String, key: Bool) -> Row {
        Row(name, "503 unavailable", except: [.traefik: "500"]) { stand, keys, proxy in
            try await stand.ask(proxy, key: key ? keys.token("plain") : nil).outcome
        }
    }
}
