import ClavigerCore

extension Section {
    private static let invalid = #"401 unauthorized `Bearer error="invalid_token"`"#

    /// Every verdict of the contract for gateways.
    static let verdicts = Section(
        title: "What the client is told",
        rows: [
            Row("a valid key", "200") { stand, keys, proxy in
                try await stand.ask(proxy, key: keys.token("plain")).outcome
            },
            Row("a valid key as `X-API-Key`", "200") { stand, keys, proxy in
                try await stand.ask(proxy, with: [("X-API-Key", keys.token("plain"))]).outcome
            },
            Row("no key", "401 unauthorized `Bearer`") { stand, _, proxy in try await stand.ask(proxy).outcome },
            Row("a key in the query", "401 unauthorized `Bearer`") { stand, keys, proxy in
                try await stand.ask(proxy, "/public/a?api_key=\(keys.token("plain"))").outcome
            },
            refused("malformed") { _ in "billing_live_nonsense" },
            refused("unknown") { keys in try Self.unknown(keys) },
            refused("revoked") { keys in try keys.token("revoked") },
            refused("compromised") { keys in try keys.token("compromised") },
            refused("expired") { keys in try keys.token("expired") },
            refused("replaced, its grace over") { keys in try keys.token("superseded") },
            refused("not yet valid") { keys in try keys.token("pending") },
            refused("suspended") { keys in try keys.token("suspended") },
            refused("for another api") { keys in try keys.token("other api") },
            refused("for another environment") { keys in try keys.token("other environment") },
            Row("all of these look alike", "yes") { stand, keys, proxy in try await Self.alike(stand, keys, proxy) },
            Row("revoked a moment ago, after a use", "200, then \(Self.invalid)") { stand, keys, proxy in
                let name = "revoked later \(proxy)"
                let before = try await stand.ask(proxy, key: keys.token(name)).outcome
                _ = try await stand.manage("POST", "/v1/keys/\(keys.id(name))/revoke", ["reason": "leaked"])
                return try await "\(before), then \(stand.ask(proxy, key: keys.token(name)).outcome)"
            },
            Row("from another network", "403 forbidden") { stand, keys, proxy in
                try await stand.ask(proxy, key: keys.token("elsewhere")).outcome
            },
            Row("from another origin", "403 forbidden, with the right one 200") { stand, keys, proxy in
                let key = try keys.token("origin")
                let other = try await stand.ask(proxy, key: key, with: [("Origin", "https://other.example")]).outcome
                let right = try await stand.ask(proxy, key: key, with: [("Origin", "https://shop.example")]).outcome
                return "\(other), with the right one \(right)"
            },
            Row("outside its time window", "403 forbidden") { stand, keys, proxy in
                try await stand.ask(proxy, key: keys.token("closed")).outcome
            },
            Row(
                "without the scope of the endpoint rule",
                #"403 forbidden `Bearer error="insufficient_scope", scope="admin"`"#
            ) { stand, keys, proxy in
                try await stand.ask(proxy, "/admin/a", key: keys.token("plain")).outcome
            },
            Row("with the scope of the endpoint rule", "200") { stand, keys, proxy in
                try await stand.ask(proxy, "/admin/a", key: keys.token("admin")).outcome
            },
            Row("where no endpoint rule is", "403 forbidden") { stand, keys, proxy in
                try await stand.ask(proxy, "/elsewhere", key: keys.token("admin")).outcome
            },
            Row("rate limited", "200, then 429 rate-limited, `Retry-After`, `RateLimit`") { stand, keys, proxy in
                try await Self.usedUp(stand, proxy, keys.token("limited \(proxy)"))
            },
            Row("credits exhausted", "200, then 429 quota-exceeded") { stand, keys, proxy in
                try await Self.usedUp(stand, proxy, keys.token("credits \(proxy)"))
            },
        ]
    )

    private static func refused(
        _ what: String,
        _ token: @escaping @Sendable (Keys) throws -> String
    ) -> Row {
        Row("a key that is \(what)", Self.invalid) { stand, keys, proxy in
            try await stand.ask(proxy, key: token(keys)).outcome
        }
    }

    /// A token with the right form and checksum that was never issued.
    private static func unknown(_ keys: Keys) throws -> String {
        let token = try keys.token("plain")
        guard let last = token.lastIndex(of: "_") else { throw Unexpected("a token has another form") }
        let head = String(token[...last])
        let body = String(repeating: "0", count: 55)
        var number = Self.crc32(head + body)
        let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var crc = ""
        for _ in 0..<6 {
            crc = String(digits[Int(number % 62)]) + crc
            number /= 62
        }
        return head + body + crc
    }

    /// CRC-32 as in ISO-HDLC, bit by bit.
    private static func crc32(_ text: String) -> UInt32 {
        var value = UInt32.max
        for byte in text.utf8 {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }

    /// Promise P7: body and header are the same but for the request's id.
    private static func alike(_ stand: Stand, _ keys: Keys, _ proxy: Proxy) async throws -> String {
        var looks: Set<String> = []
        let names = [
            "revoked", "compromised", "expired", "superseded", "pending", "suspended", "other api", "other environment",
        ]
        for token in try names.map(keys.token) + ["billing_live_nonsense", Self.unknown(keys)] {
            let answer = try await stand.ask(proxy, key: token)
            guard let id = answer.json["instance"]?.string, answer.values("X-Request-Id") == [id] else {
                return "no request id in \(answer.body)"
            }
            let header = answer.headers.map { "\($0.name.lowercased()): \($0.value)" }
                .filter { !$0.hasPrefix("date:") && !$0.hasPrefix("x-envoy-upstream-service-time:") }.sorted()
            looks.insert((header + [answer.body]).joined(separator: "\n").replacingOccurrences(id, "ID"))
        }
        return looks.count == 1 ? "yes" : "no: \(looks)"
    }

    /// A key that may be used once.
    private static func usedUp(_ stand: Stand, _ proxy: Proxy, _ key: String) async throws -> String {
        let first = try await stand.ask(proxy, key: key)
        let second = try await stand.ask(proxy, key: key)
        let told = ["Retry-After", "RateLimit"].filter { !second.values($0).isEmpty }.map { ", `\($0)`" }
        return "\(first.outcome), then \(second.outcome)" + told.joined()
    }
}

extension String {
    /// Every place of `old`, replaced.
    fileprivate func replacingOccurrences(_ old: String, _ new: String) -> String {
        self.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}
