import ClavigerCore
import Foundation

/// The api, and a key for each verdict.
struct Keys: Sendable {
    /// Keys by name: the token.
    private var tokens: [String: String] = [:]
    private var ids: [String: String] = [:]

    func token(_ name: String) throws -> String {
        guard let token = self.tokens[name] else { throw Unexpected("there is no key \(name)") }
        return token
    }

    func id(_ name: String) throws -> String {
        guard let id = self.ids[name] else { throw Unexpected("there is no key \(name)") }
        return id
    }

    /// Makes all of them.
    init(on stand: Stand) async throws {
        for name in ["billing", "other"] {
            _ = try await stand.manage(
                "POST",
                "/v1/apis",
                [
                    "name": .string(name), "prefix": .string(name),
                    "scopes": [["name": "admin"], ["name": "read"]],
                    "endpointRules": [["path": "/public/**"], ["path": "/admin/**", "scopes": "admin"]],
                ]
            )
        }
        _ = try await stand.manage("POST", "/v1/consumers", ["externalId": "acme", "kind": "customer"])
        _ = try await stand.manage(
            "POST",
            "/v1/plans",
            ["name": "gold", "limits": [["name": "calls", "requests": 100_000, "window": "1h"]]]
        )
        try await self.make(stand, "plain", ["scopes": ["read"]])
        try await self.make(stand, "admin", ["scopes": ["admin", "read"]])
        try await self.make(stand, "planned", ["planId": "gold"])
        try await self.make(stand, "other api", ["apiId": "other"])
        try await self.make(stand, "other environment", ["environment": "staging"])
        try await self.make(stand, "pending", ["notBefore": "2999-01-01T00:00:00Z"])
        try await self.make(stand, "origin", ["restrictions": ["origins": ["https://shop.example"]]])
        try await self.make(stand, "closed", ["restrictions": ["timeWindows": [Self.closedWindow]]])
        try await self.make(stand, "one address", Self.only("127.0.0.7"))
        try await self.make(stand, "elsewhere", Self.only("203.0.113.7"))
        for (name, change) in [("suspended", "suspend"), ("revoked", "revoke"), ("compromised", "compromise")] {
            try await self.make(stand, name, [:])
            let body: JSON? = change == "revoke" ? ["reason": "leaked"] : nil
            _ = try await stand.manage("POST", "/v1/keys/\(try self.id(name))/\(change)", body ?? [:])
        }
        try await self.make(stand, "superseded", [:])
        _ = try await stand.manage("POST", "/v1/keys/\(try self.id("superseded"))/rotate", ["grace": "0"])
        try await self.make(stand, "expired", [:])
        _ = try await stand.manage(
            "PATCH",
            "/v1/keys/\(try self.id("expired"))",
            ["expiresAt": "2020-01-01T00:00:00Z"]
        )
        for proxy in Proxy.allCases {
            let limit: JSON = ["name": "hourly", "requests": 1, "window": "1h"]
            try await self.make(stand, "limited \(proxy)", ["limits": [limit]])
            try await self.make(stand, "credits \(proxy)", ["credits": ["amount": 1]])
            try await self.make(stand, "ten credits \(proxy)", ["scopes": ["read"], "credits": ["amount": 10]])
            try await self.make(stand, "revoked later \(proxy)", [:])
        }
    }

    private mutating func make(_ stand: Stand, _ name: String, _ more: [String: JSON]) async throws {
        var body: [String: JSON] = [
            "apiId": "billing", "environment": "production", "consumerExternalId": "acme", "name": .string(name),
        ]
        body.merge(more) { $1 }
        let made = try await stand.manage("POST", "/v1/keys", .object(JSONObject(body.map { ($0.key, $0.value) })))
        guard let token = made["token"]?.string, let id = made["key"]?["id"]?.string else {
            throw Unexpected("no key \(name)")
        }
        self.tokens[name] = token
        self.ids[name] = id
    }

    private static func only(_ address: String) -> [String: JSON] {
        ["restrictions": ["networks": ["allow": [.string("\(address)/32")]]]]
    }

    /// A window on a day that is neither today nor tomorrow.
    private static var closedWindow: JSON {
        // 1970-01-01 was a Thursday.
        let days = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"]
        let today = Int(Date().timeIntervalSince1970 / 86_400)
        return [
            "days": [.string(days[(today + 3) % 7])], "from": "08:00", "to": "09:00", "timeZone": "UTC",
        ]
    }
}
