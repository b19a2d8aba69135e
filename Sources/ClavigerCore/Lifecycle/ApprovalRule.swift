/// How many people have to agree before a key is made that somebody asked for.
public struct ApprovalRule: Hashable, Sendable {
    /// How many have to agree.
    public var quorum: Int
    /// What each of them has to be allowed, besides approving at all; each scope is needed.
    public var approverScopes: [Scope]

    /// Makes a rule.
    public init(quorum: Int, approverScopes: [Scope] = []) {
        self.quorum = quorum
        self.approverScopes = approverScopes
    }

    /// The rule of somebody who has to keep both.
    public func stricter(with other: ApprovalRule) -> ApprovalRule {
        ApprovalRule(
            quorum: max(self.quorum, other.quorum),
            approverScopes: Set(self.approverScopes + other.approverScopes).sorted()
        )
    }
}

extension ApprovalRule {
    /// Reads `{"quorum"?, "approverScope"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let quorum = reader.number("quorum", 1...10) ?? 1
        let scope = reader.optional("approverScope", Scope.init(parsing:))
        guard reader.violations.count == before else { return nil }
        self.init(quorum: quorum, approverScopes: scope.map { [$0] } ?? [])
    }

    /// The form that is read.
    var json: JSON {
        [
            "quorum": .integer(Int64(self.quorum)),
            "approverScope": self.approverScopes.first.map { .string($0.text) },
        ]
    }
}
