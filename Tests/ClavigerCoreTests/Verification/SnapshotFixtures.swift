import ClavigerTestSupport
import Crypto

@testable import ClavigerCore

/// A key as verification sees it, with one thing or another changed.
struct SnapshotFixtures {
    static let now = Timestamp(milliseconds: 1_795_243_200_000)

    let hasher = TokenHasher(peppers: [1: SymmetricKey(data: [UInt8](repeating: 1, count: 32))], current: 1)
    let token: KeyToken
    /// The lookup id of `token` with another secret, as somebody makes it who has seen the public part.
    let forged: KeyToken
    let api: API.Reference
    let otherAPI: API.Reference

    private let random = SeededRandom(seed: 91)

    init() throws {
        self.token = try KeyToken(parsing: TokenFixtures.zero)
        // Python made the checksum: a body of the same lookup id and the secret 1.
        self.forged = try KeyToken(parsing: Self.forgedText)
        self.api = API.Reference(
            id: API.ID(at: Self.now, from: self.random),
            name: try ResourceName(parsing: "payments")
        )
        self.otherAPI = API.Reference(
            id: API.ID(at: Self.now, from: self.random),
            name: try ResourceName(parsing: "billing")
        )
    }

    private static let forgedText = "pay_live_0123456789AB00000000000000000000000000000000000000000012Rfjhy"

    func snapshot(
        state: KeyState.Name = .active,
        credentialState: Credential.State = .current,
        notBefore: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        scopes: [String] = ["invoices.read"],
        digest: KeyDigest? = nil,
        rules: EndpointRules? = nil,
        restrictions: RestrictionCheck? = nil,
        allowance: KeyAllowance? = nil
    ) throws -> KeySnapshot {
        KeySnapshot(
            workspaceID: Workspace.ID(at: Self.now, from: self.random),
            keyID: APIKey.ID(at: Self.now, from: self.random),
            credentialID: Credential.ID(at: Self.now, from: self.random),
            name: "a key",
            api: KeySnapshot.API(reference: self.api, isManagement: false, rules: rules),
            environment: .production,
            consumer: KeySnapshot.Consumer(
                id: Consumer.ID(at: Self.now, from: self.random),
                externalID: "acme",
                metadata: []
            ),
            scopes: ScopeSet(try scopes.map(Scope.init(parsing:))),
            state: state,
            credentialState: credentialState,
            digest: digest ?? self.hasher.digest(of: self.token),
            notBefore: notBefore,
            expiresAt: expiresAt,
            restrictions: restrictions,
            allowance: allowance,
            metadata: []
        )
    }
}
