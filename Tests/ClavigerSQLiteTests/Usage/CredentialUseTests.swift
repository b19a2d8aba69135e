import ClavigerCore
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Testing

/// Who uses one credential, from several days of the access log.
@Suite("Use of a credential")
struct CredentialUseTests {
    private static let old = Credential.ID(bits: 500)
    private static let new = Credential.ID(bits: 501)

    private static func record(
        _ credential: Credential.ID,
        after: Duration,
        key: APIKey.ID = UsageFixture.key,
        agent: String? = "billing/1",
        address: String? = "192.0.2.7",
        code: VerificationCode = .valid
    ) -> UsageRecord {
        var record = UsageFixture.record(after: after, key: key, code: code, address: address)
        record.credentialID = credential.bits
        record.userAgent = agent
        return record
    }

    @Test("Users and hours are summed over days, and nothing else counts")
    func sums() async throws {
        let fixture = try await UsageFixture()
        let day = Duration.seconds(86_400)
        try await fixture.append([
            Self.record(Self.old, after: .seconds(-1)), Self.record(Self.old, after: .zero),
            Self.record(Self.old, after: .seconds(60), code: .rateLimited), Self.record(Self.new, after: .seconds(90)),
            Self.record(Self.old, after: .seconds(60), key: UsageFixture.otherKey),
            Self.record(Self.old, after: day, agent: nil, address: nil), Self.record(Self.old, after: day),
        ])
        let use = try await fixture.store.uses(
            of: Self.old,
            of: UsageFixture.key,
            since: UsageFixture.morning,
            in: UsageFixture.workspace
        )
        let known = CredentialUse.User(network: try CIDR(parsing: "192.0.2.7/32"), userAgent: "billing/1")
        let unknown = CredentialUse.User(network: nil, userAgent: nil)
        #expect(
            use.users == [
                known: .init(count: 3, lastUsedAt: UsageFixture.morning + day),
                unknown: .init(count: 1, lastUsedAt: UsageFixture.morning + day),
            ]
        )
        #expect(use.hours.values.sorted() == [2, 2])
        #expect(use.lastUsedAt == UsageFixture.morning + day)
    }

    @Test("The last use is found in the newest day that has one")
    func last() async throws {
        let fixture = try await UsageFixture()
        try await fixture.append([
            Self.record(Self.old, after: .zero), Self.record(Self.old, after: .seconds(60)),
            Self.record(Self.new, after: .seconds(86_400)),
        ])
        func last(_ id: Credential.ID, since: Duration = .zero) async throws -> Timestamp? {
            try await fixture.store.lastUse(
                of: id,
                of: UsageFixture.key,
                since: UsageFixture.morning + since,
                in: UsageFixture.workspace
            )
        }
        #expect(try await last(Self.old) == UsageFixture.morning + .seconds(60))
        #expect(try await last(Self.old, since: .seconds(61)) == nil)
        #expect(try await last(Self.new) == UsageFixture.morning + .seconds(86_400))
    }
}
