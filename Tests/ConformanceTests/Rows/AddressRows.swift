extension Section {
    /// Where the client is, as a key sees it that may be used from 127.0.0.7 only.
    ///
    /// The proxy in front is an nginx that connects from an address which Claviger and the proxy trust.
    static let addresses = Section(
        title: "Where the client is",
        rows: [
            row("the right client", "200", from: client),
            row("another client", "403 forbidden", from: other),
            row("another client that forges `X-Forwarded-For`", "403 forbidden", from: other, forged: client),
            row(
                "another client that forges `Forwarded`",
                "403 forbidden",
                from: other,
                header: "Forwarded",
                forged: "for=\(client)"
            ),
            row(
                "another client that forges `X-Real-IP`",
                "403 forbidden",
                from: other,
                header: "X-Real-IP",
                forged: client
            ),
            row("the right client that forges `X-Forwarded-For`", "200", from: client, forged: other),
            row("the right client behind a proxy in front", "200", from: client, throughFront: true),
            row("another client behind a proxy in front", "403 forbidden", from: other, throughFront: true),
            row(
                "another client behind a proxy in front, forging `X-Forwarded-For`",
                "403 forbidden",
                from: other,
                forged: client,
                throughFront: true
            ),
            row(
                "the right client behind a proxy in front, forging `X-Forwarded-For`",
                "200",
                from: client,
                forged: other,
                throughFront: true
            ),
        ]
    )

    private static let client = "127.0.0.7"
    private static let other = "127.0.0.8"

    private static func row(
        _ name: String,
        _ expected: String,
        from source: String,
        header: String = "X-Forwarded-For",
        forged: String? = nil,
        throughFront: Bool = false
    ) -> Row {
        Row(name, expected) { stand, keys, proxy in
            try await stand.ask(
                proxy,
                key: keys.token("one address"),
                with: forged.map { [(header, $0)] } ?? [],
                from: source,
                throughFront: throughFront
            ).outcome
        }
    }
}
