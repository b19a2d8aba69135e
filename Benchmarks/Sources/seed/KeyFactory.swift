import Bench
import ClavigerCore
import ClavigerService

/// Makes keys of one api, ten for each consumer, with a few combinations of scopes, as a real collection has them.
///
/// Not through the use case, which looks at permissions, api and consumer for each key again: a million would take
/// minutes more.
struct KeyFactory: Sendable {
    /// A key with all that is stored of it, and its token.
    struct Made: Sendable {
        let key: APIKey
        let credential: Credential
        let record: AuditRecord
        let token: KeyToken
    }

    private let api: API
    private let consumers: [Consumer.ID]
    private let owner: Caller
    private let hasher: TokenHasher
    private let now: Timestamp
    private let random = SystemRandom()
    private let scopes: [[Scope]]
    private let metadata: Metadata
    private let restrictions: Restrictions
    private let allowance: Allowance

    /// Makes the api and the consumers.
    init(_ workbench: Workbench, keys: Int, isMetered: Bool) async throws {
        self.owner = workbench.owner
        self.hasher = workbench.keyring.makeHasher()
        // In the past, so that the last key is not made in the future.
        self.now = SystemTime().now() - .milliseconds(keys)
        self.scopes = try [
            ["invoices.read"], ["invoices.*"], ["invoices.read", "invoices.write"],
            ["invoices.read", "customers.read", "payments.*"],
        ].map { try $0.map { try Scope(parsing: $0) } }
        self.metadata = try Metadata(JSONObject([("team", "billing"), ("tier", "gold")]))
        if isMetered {
            self.restrictions = try Restrictions(
                networks: NetworkRules(
                    allow: [try CIDR(parsing: "10.0.0.0/8"), try CIDR(parsing: "2001:db8::/32")],
                    deny: []
                )
            )
            let limit = try RateLimit(
                name: try LimitName(parsing: "burst"),
                requests: RateLimit.mostRequests,
                window: .seconds(60)
            )
            self.allowance = Allowance(
                limits: try RateLimits([limit]),
                credits: CreditPolicy(amount: CreditPolicy.most),
                creditsSince: self.now
            )
        } else {
            self.restrictions = .none
            self.allowance = .unlimited
        }
        let draft = APIDraft(
            name: try ResourceName(parsing: "payments"),
            prefix: try TokenPrefix(parsing: "pay"),
            attributes: API.Attributes()
        )
        guard case .done(let api) = try await workbench.authority.createAPI(draft, by: workbench.owner) else {
            throw BenchmarkFailure("the api was not made")
        }
        self.api = api
        let consumers = try (0..<max(1, keys / 10)).map { [random, now] number in
            Consumer(
                id: Identifier(at: now, from: random),
                workspaceID: api.workspaceID,
                attributes: Consumer.Attributes(
                    externalID: try Label(parsing: "customer-\(number)", atMost: 255),
                    kind: .customer,
                    name: try Label(parsing: "Customer number \(number)")
                ),
                createdAt: now,
                updatedAt: now,
                version: 1
            )
        }
        try await workbench.store.write(
            { tx in for consumer in consumers { try tx.insert(consumer) } },
            afterCommit: {}
        )
        self.consumers = consumers.map(\.id)
    }

    /// Makes the keys with these numbers.
    func batch(_ numbers: Range<Int>) throws -> [Made] {
        try numbers.map { try self.make($0) }
    }

    private func make(_ number: Int) throws -> Made {
        // Ids sort by time, as those of keys that were made one after another.
        let now = self.now + .milliseconds(number)
        // Most keys are for production.
        let place = self.api.attributes.environments[max(0, number % 5 - 2)]
        let token = KeyToken(prefix: self.api.prefix, tag: place.tag, from: self.random)
        let key = APIKey(
            id: Identifier(at: now, from: self.random),
            workspaceID: self.api.workspaceID,
            apiID: self.api.id,
            environment: place.name,
            consumerID: self.consumers[number % self.consumers.count],
            start: token.publicStart,
            attributes: APIKey.Attributes(
                name: try Label(parsing: "Key number \(number)"),
                scopes: self.scopes[number % self.scopes.count],
                restrictions: self.restrictions,
                allowance: self.allowance,
                metadata: number % 4 == 0 ? self.metadata : .empty
            ),
            state: .active(since: nil),
            createdAt: now,
            createdBy: self.owner.keyID,
            updatedAt: now,
            version: 1
        )
        let credential = Credential(
            id: Identifier(at: now, from: self.random),
            keyID: key.id,
            lookupID: token.lookupID,
            digest: self.hasher.digest(of: token),
            state: .current,
            createdAt: now
        )
        return Made(key: key, credential: credential, record: self.record(key), token: token)
    }

    private func record(_ key: APIKey) -> AuditRecord {
        AuditRecord(
            id: Identifier(at: key.createdAt, from: self.random),
            workspaceID: key.workspaceID,
            at: key.createdAt,
            actor: .key(self.owner.keyID, consumer: self.owner.consumerID, network: nil),
            action: "key.create",
            target: AuditRecord.Target(kind: "key", id: key.id.text),
            outcome: .done,
            reason: nil,
            before: nil,
            after: [
                "id": .string(key.id.text), "apiId": .string(key.apiID.text),
                "environment": .string(key.environment.text), "consumerId": .string(key.consumerID.text),
                "name": .string(key.attributes.name.text),
                "scopes": .array(key.attributes.scopes.map { .string($0.text) }),
                "state": "active", "start": .string(key.start), "createdAt": .string(key.createdAt.text),
            ],
            requestID: self.owner.requestID
        )
    }
}
