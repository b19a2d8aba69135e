@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport
import ClavigerVerifier

/// An authority with policies, keys and jobs, and a clock that a test moves.
struct JobFixture {
    let test: TestAuthority
    let owner: Caller
    let api: API
    let consumer: Consumer
    let endpoint: WebhookEndpoint.ID

    init(
        _ types: [EventType] = [],
        environments: [EnvironmentName] = [],
        database: (any Database)? = nil
    ) async throws {
        self.test = try await TestAuthority(database: database)
        self.owner = try await self.test.owner()
        self.api = try await self.test.authority.createAPI(
            APIDraft(
                name: try ResourceName(parsing: "payments"),
                prefix: try TokenPrefix(parsing: "pay"),
                attributes: environments.isEmpty
                    ? API.Attributes()
                    : API.Attributes(environments: environments.map { API.Environment(name: $0, tag: .live) })
            ),
            by: self.owner
        ).value
        self.consumer = try await self.test.authority.createConsumer(
            Consumer.Attributes(externalID: try Label(parsing: "acme"), kind: .customer),
            plan: nil,
            by: self.owner
        ).value
        self.endpoint = try await self.test.authority.createWebhook(
            WebhookEndpoint.Attributes(url: try WebhookURL(parsing: "https://hooks.example.com/"), types: types),
            by: self.owner
        ).value.endpoint.id
        try await self.test.scheduler.runOnce()
    }

    var now: Timestamp { self.test.time.now() }

    func policy(
        _ rules: [(String, JSON)],
        name: String = "p",
        apis: [String] = ["payments"],
        environments: [String] = []
    ) async throws {
        let reach: JSON = [
            "apis": .array(apis.map(JSON.string)),
            "environments": environments.isEmpty ? nil : .array(environments.map(JSON.string)),
        ]
        _ = try await self.test.authority.setPolicy(
            try ResourceName(parsing: name),
            try PolicyDocument(reading: .object(JSONObject([("appliesTo", reach)] + rules))),
            expecting: nil,
            isForced: true,
            by: self.owner
        )
    }

    func consumer(_ externalID: String) async throws -> Consumer.ID {
        try await self.test.authority.createConsumer(
            Consumer.Attributes(externalID: try Label(parsing: externalID), kind: .customer),
            plan: nil,
            by: self.owner
        ).value.id
    }

    /// Makes keys.
    func keys(
        _ count: Int = 1,
        environment: EnvironmentName = .production,
        expiresAt: Timestamp? = nil
    ) async throws -> [IssuedKey] {
        let draft = KeyDraft(
            api: .id(self.api.id),
            environment: environment,
            owner: .id(self.consumer.id),
            attributes: APIKey.Attributes(name: try Label(parsing: "k"), expiresAt: expiresAt)
        )
        var made: [IssuedKey] = []
        while made.count < count {
            let drafts = Array(repeating: draft, count: min(count - made.count, 100))
            made += try await self.test.authority.issue(drafts, by: self.owner).value
        }
        return made
    }

    func key(_ environment: EnvironmentName = .production) async throws -> IssuedKey {
        guard let key = try await self.keys(environment: environment).first else { throw Missing() }
        return key
    }

    /// The key as it is now.
    func read(_ id: APIKey.ID) async throws -> APIKey {
        try await self.test.authority.key(id, by: self.owner).value
    }

    /// Its state, time taken into account, with its reason.
    func state(_ id: APIKey.ID) async throws -> String {
        let key = try await self.read(id)
        let reason = key.state.transition.map { " \($0.reason.rawValue)" } ?? ""
        return key.state(at: self.now).rawValue + reason
    }

    func use(_ key: IssuedKey) async throws {
        try await self.use(key.token)
    }

    func use(_ token: KeyToken) async throws {
        let text = token.withPlaintext { String(decoding: $0, as: UTF8.self) }
        _ = try await self.test.authority.verify(PresentedToken(text), VerificationQuery(), by: self.owner)
    }

    /// Lets time go by, and does what is due then.
    func advance(_ duration: Duration) async throws {
        self.test.time.advance(by: duration)
        try await self.test.scheduler.runOnce()
    }

    func job(_ name: Job.Name) async throws -> Job {
        let jobs = try await self.test.authority.jobs(by: self.owner)
        guard let job = jobs.first(where: { $0.job.name == name })?.job else { throw Missing() }
        return job
    }

    /// What was told since the beginning, in order, without what was told of making keys.
    func told() async throws -> [(at: Int64, type: String, key: String, data: JSON)] {
        try await self.test.database.read { connection in
            try connection.rows("SELECT at, body FROM outgoing_events ORDER BY rowid").map { row in
                let body = try JSON.parse(Array(try row.value("body", as: String.self).utf8))
                let data = body["data"] ?? .null
                let at: Int64 = try row.value("at")
                return (at, body["type"]?.string ?? "", data["key"]?["id"]?.string ?? "", data)
            }
        }.filter { $0.type != "key.created" }
    }

    struct Missing: Error {}
}
