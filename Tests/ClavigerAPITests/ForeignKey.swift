@_spi(Plaintext) import ClavigerCore
import ClavigerService
import ClavigerStore
import ClavigerTestSupport

/// A key of another workspace, with everything that belongs to it.
struct ForeignKey {
    let keyID: String
    let consumerID: String
    let apiID: String
    let token: String

    static func insert(into test: TestAuthority) async throws -> ForeignKey {
        let now = test.time.now()
        let random = test.random
        let hasher = test.keyring.keyring.makeHasher()
        return try await SQLAuthorityStore(test.database, random: test.random).write { tx in
            let workspace = Workspace(
                id: Identifier(at: now, from: random),
                name: try ResourceName(parsing: "foreign"),
                createdAt: now
            )
            try tx.insert(workspace)
            let api = API(
                id: Identifier(at: now, from: random),
                workspaceID: workspace.id,
                name: try ResourceName(parsing: "payments"),
                prefix: try TokenPrefix(parsing: "fgn"),
                attributes: API.Attributes(),
                createdAt: now,
                updatedAt: now,
                version: 1
            )
            try tx.insert(api)
            let consumer = Consumer(
                id: Identifier(at: now, from: random),
                workspaceID: workspace.id,
                attributes: Consumer.Attributes(externalID: try Label(parsing: "acme"), kind: .customer),
                createdAt: now,
                updatedAt: now,
                version: 1
            )
            try tx.insert(consumer)
            let token = KeyToken(prefix: api.prefix, tag: .live, from: random)
            let key = APIKey(
                id: Identifier(at: now, from: random),
                workspaceID: workspace.id,
                apiID: api.id,
                environment: .production,
                consumerID: consumer.id,
                start: token.publicStart,
                attributes: APIKey.Attributes(name: try Label(parsing: "Foreign")),
                state: .active(since: nil),
                createdAt: now,
                createdBy: nil,
                updatedAt: now,
                version: 1
            )
            let credential = Credential(
                id: Identifier(at: now, from: random),
                keyID: key.id,
                lookupID: token.lookupID,
                digest: hasher.digest(of: token),
                state: .current,
                createdAt: now
            )
            try tx.insert(key, credential)
            return ForeignKey(
                keyID: key.id.text,
                consumerID: consumer.id.text,
                apiID: api.id.text,
                token: token.withPlaintext { String(decoding: $0, as: UTF8.self) }
            )
        } afterCommit: { _ in
        }
    }
}
