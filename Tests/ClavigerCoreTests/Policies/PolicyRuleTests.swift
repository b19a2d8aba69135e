import ClavigerCore
import Testing

/// Every rule, with a key that it lets pass and one that it refuses.
@Suite struct PolicyRuleTests {
    private static let made = Timestamp(milliseconds: 1_800_000_000_000)

    struct Row: Sendable, CustomTestStringConvertible {
        let rule: String
        /// The document, and the keys, as JSON.
        let document: String
        let accepted: String
        let refused: String
        let pointer: String

        var testDescription: String { "\(self.rule) \(self.pointer)" }
    }

    static let rows: [Row] = [
        Row(
            rule: "name.patterns",
            document: #"{"name": {"patterns": ["svc-[a-z]+", "team-*"]}}"#,
            accepted: #"{"name": "team-x"}"#,
            refused: #"{"name": "Svc-x"}"#,
            pointer: "/name"
        ),
        Row(
            rule: "owners.kinds",
            document: #"{"owners": {"kinds": ["service"]}}"#,
            accepted: #"{"owner": "service"}"#,
            refused: #"{"owner": "user"}"#,
            pointer: "/consumerId"
        ),
        Row(
            rule: "metadata.required",
            document: #"{"metadata": {"required": [{"name": "team"}]}}"#,
            accepted: #"{"metadata": {"team": "billing"}}"#,
            refused: #"{"metadata": {"other": "billing"}}"#,
            pointer: "/metadata/team"
        ),
        Row(
            rule: "metadata.required",
            document: #"{"metadata": {"required": [{"name": "a/b~c"}]}}"#,
            accepted: #"{"metadata": {"a/b~c": true}}"#,
            refused: #"{"metadata": {"a/b~c": ""}}"#,
            pointer: "/metadata/a~1b~0c"
        ),
        Row(
            rule: "metadata.values",
            document: #"{"metadata": {"required": [{"name": "tier", "values": ["gold", "7"]}]}}"#,
            accepted: #"{"metadata": {"tier": 7}}"#,
            refused: #"{"metadata": {"tier": "lead"}}"#,
            pointer: "/metadata/tier"
        ),
        Row(
            rule: "metadata.values",
            document: #"{"metadata": {"required": [{"name": "tier", "values": ["gold"]}]}}"#,
            accepted: #"{"metadata": {"tier": "gold"}}"#,
            refused: #"{"metadata": {"tier": ["gold"]}}"#,
            pointer: "/metadata/tier"
        ),
        Row(
            rule: "metadata.pattern",
            document: #"{"metadata": {"required": [{"name": "ticket", "pattern": "OPS-[0-9]+"}]}}"#,
            accepted: #"{"metadata": {"ticket": "OPS-1"}}"#,
            refused: #"{"metadata": {"ticket": "OPS-"}}"#,
            pointer: "/metadata/ticket"
        ),
        Row(
            rule: "scopes.allowed",
            document: #"{"scopes": {"allowed": ["invoices.*"]}}"#,
            accepted: #"{"scopes": ["invoices.read", "invoices.*"]}"#,
            refused: #"{"scopes": ["invoices.read", "refunds.read"]}"#,
            pointer: "/scopes/1"
        ),
        Row(
            rule: "scopes.allowed",
            document: #"{"scopes": {"allowed": ["invoices.*"]}}"#,
            accepted: #"{"roleScopes": ["invoices.read"]}"#,
            refused: #"{"roleScopes": ["refunds.read"]}"#,
            pointer: "/roles"
        ),
        Row(
            rule: "scopes.required",
            document: #"{"scopes": {"required": ["invoices.read"]}}"#,
            accepted: #"{"scopes": ["invoices.*"]}"#,
            refused: #"{"scopes": ["invoices.write"]}"#,
            pointer: "/scopes"
        ),
        Row(
            rule: "scopes.most",
            document: #"{"scopes": {"most": 2}}"#,
            accepted: #"{"scopes": ["a", "b"], "roleScopes": ["a"]}"#,
            refused: #"{"scopes": ["a", "b"], "roleScopes": ["c"]}"#,
            pointer: "/scopes"
        ),
        Row(
            rule: "scopes.wildcards",
            document: #"{"scopes": {"wildcards": false}}"#,
            accepted: #"{"scopes": ["a.b"]}"#,
            refused: #"{"scopes": ["a.*"]}"#,
            pointer: "/scopes/0"
        ),
        Row(
            rule: "scopes.wildcardDepth",
            document: #"{"scopes": {"wildcardDepth": 2}}"#,
            accepted: #"{"scopes": ["a.b.*", "a.b"]}"#,
            refused: #"{"scopes": ["a.b.*", "a.*.b"]}"#,
            pointer: "/scopes/1"
        ),
        Row(
            rule: "scopes.wildcardDepth",
            document: #"{"scopes": {"wildcardDepth": 2}}"#,
            accepted: #"{"roleScopes": ["a.b.*"]}"#,
            refused: #"{"roleScopes": ["a.*"]}"#,
            pointer: "/roles"
        ),
        Row(
            rule: "restrictions.required",
            document: #"{"restrictions": {"required": ["networks"]}}"#,
            accepted: #"{"restrictions": {"networks": {"allow": ["192.0.2.0/24"]}}}"#,
            refused: #"{"restrictions": {"networks": {"deny": ["192.0.2.0/24"]}}}"#,
            pointer: "/restrictions/networks/allow"
        ),
        Row(
            rule: "restrictions.required",
            document: #"{"restrictions": {"required": ["origins"]}}"#,
            accepted: #"{"restrictions": {"origins": ["https://app.example.com"]}}"#,
            refused: #"{}"#,
            pointer: "/restrictions/origins"
        ),
        Row(
            rule: "restrictions.ipv4Prefix",
            document: #"{"restrictions": {"ipv4Prefix": 24}}"#,
            accepted: #"{"restrictions": {"networks": {"allow": ["192.0.2.0/24", "2001:db8::/32"]}}}"#,
            refused: #"{"restrictions": {"networks": {"allow": ["192.0.2.0/24", "198.51.0.0/16"]}}}"#,
            pointer: "/restrictions/networks/allow/1"
        ),
        Row(
            rule: "restrictions.ipv6Prefix",
            document: #"{"restrictions": {"ipv6Prefix": 48}}"#,
            accepted: #"{"restrictions": {"networks": {"allow": ["2001:db8:1::/48", "10.0.0.0/8"]}}}"#,
            refused: #"{"restrictions": {"networks": {"allow": ["2001:db8::/32"]}}}"#,
            pointer: "/restrictions/networks/allow/0"
        ),
        Row(
            rule: "lifetime.maximum",
            document: #"{"lifetime": {"maximum": "30d"}}"#,
            accepted: #"{"days": 30}"#,
            refused: #"{"days": 31}"#,
            pointer: "/expiresAt"
        ),
        Row(
            rule: "lifetime.mustExpire",
            document: #"{"lifetime": {"mustExpire": true}}"#,
            accepted: #"{"days": 1}"#,
            refused: #"{}"#,
            pointer: "/expiresAt"
        ),
        Row(
            rule: PlaceRules.environmentRule,
            document: #"{}"#,
            accepted: #"{"scopes": ["shared", "live.x"]}"#,
            refused: #"{"scopes": ["shared", "kept.*"]}"#,
            pointer: "/scopes/1"
        ),
        Row(
            rule: PlaceRules.environmentRule,
            document: #"{}"#,
            accepted: #"{"roleScopes": ["shared"]}"#,
            refused: #"{"roleScopes": ["kept.away"]}"#,
            pointer: "/roles"
        ),
    ]

    @Test(arguments: Self.rows)
    func aRuleAcceptsAndRefuses(row: Row) throws {
        let rules = try Self.rules([("p", try Self.json(row.document))])
        #expect(rules.violations(of: try Self.subject(try Self.json(row.accepted))) == [])
        let violations = rules.violations(of: try Self.subject(try Self.json(row.refused)), at: "/keys/3")
        #expect(violations.map(\.rule) == [row.rule])
        #expect(violations.map(\.pointer) == ["/keys/3" + row.pointer])
        #expect(violations.map(\.policy) == [row.rule == PlaceRules.environmentRule ? nil : "p"])
    }

    @Test func theTableHasEveryRule() {
        let rules: Set = [
            "name.patterns", "owners.kinds", "metadata.required", "metadata.values", "metadata.pattern",
            "scopes.allowed", "scopes.required", "scopes.most", "scopes.wildcards", "scopes.wildcardDepth",
            "restrictions.required", "restrictions.ipv4Prefix", "restrictions.ipv6Prefix", "lifetime.maximum",
            "lifetime.mustExpire", PlaceRules.environmentRule,
        ]
        #expect(Set(Self.rows.map(\.rule)) == rules)
    }

    @Test func everyPolicyHasToBeMetAndAllIsToldAtOnce() throws {
        let rules = try Self.rules([
            ("b", ["scopes": ["required": ["b"]], "name": ["patterns": ["x*"]]]), ("a", ["scopes": ["most": 0]]),
        ])
        let violations = rules.violations(of: try Self.subject(["name": "y", "scopes": ["a"]]))
        #expect(
            violations.map { "\($0.policy ?? "") \($0.rule ?? "")" } == [
                "a scopes.most", "b name.patterns", "b scopes.required",
            ]
        )
    }

    @Test func whatTheEnvironmentAsksOfAllCountsAsTheKeysOwn() throws {
        let network = try NetworkRules(allow: [try CIDR(parsing: "10.0.0.0/8")], deny: [])
        let own = try Restrictions(networks: network)
        for environment in [
            API.Environment(name: .production, tag: .live, defaultRestrictions: own),
            API.Environment(name: .production, tag: .live, requiredRestrictions: own),
        ] {
            let rules = try Self.rules([("p", ["restrictions": ["required": ["networks"]]])], environment)
            #expect(rules.violations(of: try Self.subject([:])) == [])
        }
        let defaults = API.Environment(name: .production, tag: .live, defaultRestrictions: own)
        let rules = try Self.rules([("p", ["restrictions": ["ipv4Prefix": 24]])], defaults)
        #expect(rules.violations(of: try Self.subject([:])).map(\.rule) == ["restrictions.ipv4Prefix"])
    }

    @Test func whatNoRuleLooksAtNeedNotBeRead() throws {
        #expect(try Self.rules([("p", ["name": ["patterns": ["x"]]])]).policies.first?.document.needs == [])
        for row in Self.rows where row.rule != PlaceRules.environmentRule {
            let part = row.rule.split(separator: ".").first.map(String.init)
            let needs: PolicyNeeds =
                switch part {
                case "owners": .owner
                case "metadata": .metadata
                case "scopes": .scopes
                case "restrictions": .restrictions
                default: []
                }
            #expect(
                try Self.rules([("p", try Self.json(row.document))]).policies.first?.document.needs == needs,
                "\(row.rule)"
            )
        }
    }

    // MARK: - Parts

    static func json(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

    static func document(_ json: JSON) throws -> PolicyDocument {
        var object = json.object ?? JSONObject()
        if object["appliesTo"] == nil { object["appliesTo"] = [:] }
        return try PolicyDocument(reading: .object(object))
    }

    static func policy(_ name: String, _ json: JSON) throws -> Policy {
        Policy(
            workspaceID: Workspace.ID(bits: 1),
            name: try ResourceName(parsing: name),
            document: try Self.document(json),
            version: 1,
            createdAt: Self.made,
            updatedAt: Self.made,
            updatedBy: nil
        )
    }

    static func api(_ environment: API.Environment) throws -> API {
        API(
            id: API.ID(bits: 2),
            workspaceID: Workspace.ID(bits: 1),
            name: try ResourceName(parsing: "payments"),
            prefix: try TokenPrefix(parsing: "pay"),
            attributes: API.Attributes(
                environments: [environment],
                catalogue: [
                    API.CatalogueEntry(
                        scope: try Scope(parsing: "kept.away"),
                        description: "",
                        environments: [.staging]
                    ),
                    API.CatalogueEntry(
                        scope: try Scope(parsing: "live.x"),
                        description: "",
                        environments: [.production, .staging]
                    ),
                ]
            ),
            createdAt: Self.made,
            updatedAt: Self.made,
            version: 1
        )
    }

    static func rules(
        _ policies: [(String, JSON)],
        _ environment: API.Environment = API.Environment(name: .production, tag: .live)
    ) throws -> PlaceRules {
        PlaceRules(
            try policies.map { try Self.policy($0, $1) },
            api: try Self.api(environment),
            environment: environment
        )
    }

    static func subject(_ json: JSON) throws -> PolicySubject {
        func scopes(_ name: String) throws -> [Scope] {
            try (json[name]?.array ?? []).compactMap { try $0.string.map(Scope.init(parsing:)) }
        }
        var reader = ObjectReader(json["restrictions"]?.object ?? JSONObject())
        return PolicySubject(
            name: json["name"]?.string ?? "a key",
            ownerKind: Consumer.Kind(rawValue: json["owner"]?.string ?? "customer"),
            scopes: try scopes("scopes"),
            roleScopes: try scopes("roleScopes"),
            restrictions: try #require(Restrictions(reading: &reader)),
            metadata: json["metadata"]?.object ?? JSONObject(),
            createdAt: Self.made,
            expiresAt: json["days"]?.integer.map { Self.made + .seconds($0 * 86_400) }
        )
    }
}
