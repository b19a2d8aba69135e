import ClavigerCore
import Testing

/// Policies as they are written: what is read, and what is refused before any key is.
@Suite struct PolicyDocumentTests {
    private func problem(_ json: JSON) -> Problem? {
        do throws(Problem) {
            _ = try PolicyDocument(reading: json)
            return nil
        } catch {
            return error
        }
    }

    private func pointers(_ more: JSON) -> [String] {
        var object = more.object ?? JSONObject()
        if object["appliesTo"] == nil { object["appliesTo"] = [:] }
        return self.problem(.object(object))?.violations.map(\.pointer) ?? []
    }

    @Test func everythingIsReadAndWrittenAgain() throws {
        let json: JSON = [
            "description": "All of it",
            "appliesTo": ["apis": ["payments"], "environments": ["production", "staging"]],
            "name": ["patterns": ["svc-*"]],
            "metadata": ["required": [["name": "team"], ["name": "tier", "values": ["a", "b"], "pattern": "[ab]"]]],
            "owners": ["kinds": ["service"]],
            "scopes": ["allowed": ["a.*"], "required": ["a.b"], "most": 3, "wildcardDepth": 1],
            "restrictions": ["required": ["networks", "timeWindows"], "ipv4Prefix": 24, "ipv6Prefix": 64],
            "lifetime": ["default": "90d", "maximum": "365d", "mustExpire": true],
            "rotation": [
                "every": "90d", "mode": "holder", "window": "14d", "maximumGrace": "7d", "mostLiveCredentials": 2,
                "holderMayRotate": true,
            ],
            "inactivity": [
                "neverUsed": ["remind": "7d", "revoke": "30d"],
                "idle": ["remind": "30d", "suspend": "60d", "revoke": "90d"],
                "exemptions": [
                    [
                        "keyId": .string(APIKey.ID(bits: 5).text), "until": "2027-01-31T12:00:00.000Z",
                        "reason": "yearly",
                    ]
                ],
            ],
            "approvals": ["quorum": 2, "approverScope": "requests.approve"],
            "template": ["scopes": ["a.b"], "metadata": ["team": "x"], "lifetime": "30d"],
        ]
        let document = try PolicyDocument(reading: json)
        #expect(document.json == json)
        #expect(try PolicyDocument(reading: document.json) == document)
    }

    @Test func whatIsLeftOutAsksForNothing() throws {
        let document = try PolicyDocument(reading: ["appliesTo": [:]])
        #expect(document.json == ["appliesTo": [:]])
        #expect(document.needs == [])
        #expect(self.problem([:])?.violations.map(\.pointer) == ["/appliesTo"])
    }

    static let flaws: [(String, [String])] = [
        // Unknown, empty and mistyped.
        (#"{"nonsense": 1, "scopes": {"alowed": []}}"#, ["/scopes/alowed", "/nonsense"]),
        (#"{"appliesTo": {"apis": []}}"#, ["/appliesTo/apis"]),
        (
            #"{"appliesTo": {"apis": ["Payments"], "environments": ["a b"]}}"#,
            ["/appliesTo/apis/0", "/appliesTo/environments/0"]
        ),
        (#"{"appliesTo": {"apis": ["a", "a"]}}"#, ["/appliesTo/apis/1"]),
        (#"{"name": {}}"#, ["/name/patterns"]), (#"{"name": {"patterns": ["a", "("]}}"#, ["/name/patterns/1"]),
        (#"{"owners": {}}"#, ["/owners/kinds"]), (#"{"owners": {"kinds": ["robot"]}}"#, ["/owners/kinds/0"]),
        (#"{"scopes": {"allowed": []}}"#, ["/scopes/allowed"]), (#"{"scopes": {"most": -1}}"#, ["/scopes/most"]),
        (#"{"metadata": {"required": [{"values": ["a"]}]}}"#, ["/metadata/required/0/name"]),
        (#"{"metadata": {"required": [{"name": "a", "values": []}]}}"#, ["/metadata/required/0/values"]),
        (#"{"metadata": {"required": [{"name": "a"}, {"name": "a"}]}}"#, ["/metadata/required"]),
        (
            #"{"restrictions": {"required": ["ip"], "ipv4Prefix": 33}}"#,
            ["/restrictions/required/0", "/restrictions/ipv4Prefix"]
        ),
        (#"{"lifetime": {"default": "forever", "maximum": "0s"}}"#, ["/lifetime/default", "/lifetime/maximum"]),
        (#"{"rotation": {"mode": "sometimes", "every": "0d"}}"#, ["/rotation/every", "/rotation/mode"]),
        (#"{"approvals": {"quorum": 0}}"#, ["/approvals/quorum"]),
        // Contradictions.
        (#"{"lifetime": {"default": "91d", "maximum": "90d"}}"#, ["/lifetime/default"]),
        (#"{"scopes": {"allowed": ["a.*"], "required": ["b"]}}"#, ["/scopes/required/0"]),
        (#"{"scopes": {"required": ["a", "b"], "most": 1}}"#, ["/scopes/most"]),
        (#"{"scopes": {"required": ["a.*"], "wildcards": false}}"#, ["/scopes/required/0"]),
        (#"{"scopes": {"required": ["*"], "wildcardDepth": 1}}"#, ["/scopes/required/0"]),
        (#"{"scopes": {"wildcards": false, "wildcardDepth": 1}}"#, ["/scopes/wildcardDepth"]),
        (
            #"{"metadata": {"required": [{"name": "a", "values": ["x"], "pattern": "y"}]}}"#,
            ["/metadata/required/0/values/0"]
        ),
        (#"{"rotation": {"every": "7d", "window": "8d"}}"#, ["/rotation/window"]),
        (#"{"rotation": {"every": "7d", "maximumGrace": "8d"}}"#, ["/rotation/maximumGrace"]),
        (#"{"rotation": {"maximumGrace": "1h", "mostLiveCredentials": 1}}"#, ["/rotation/maximumGrace"]),
        (#"{"rotation": {"mode": "holder", "holderMayRotate": false}}"#, ["/rotation/holderMayRotate"]),
        (#"{"rotation": {"mode": "holder", "mostLiveCredentials": 1}}"#, ["/rotation/mostLiveCredentials"]),
        (#"{"rotation": {"mode": "holder", "maximumGrace": "9m"}}"#, ["/rotation/maximumGrace"]),
        (#"{"inactivity": {"idle": {"remind": "9d", "suspend": "9d"}}}"#, ["/inactivity/idle/suspend"]),
        (#"{"inactivity": {"neverUsed": {"suspend": "9d", "revoke": "3d"}}}"#, ["/inactivity/neverUsed/revoke"]),
        (
            #"{"inactivity": {"exemptions": [{"keyId": "k"}]}}"#,
            ["/inactivity/exemptions/0/keyId", "/inactivity/exemptions/0/until"]
        ),
        (#"{"template": {"lifetime": "2d"}, "lifetime": {"maximum": "1d"}}"#, ["/template/lifetime"]),
        (#"{"template": {"scopes": ["b"]}, "scopes": {"allowed": ["a"]}}"#, ["/template/scopes/0"]),
        (
            #"{"template": {"metadata": {"a": "z"}}, "metadata": {"required": [{"name": "a", "values": ["x"]}]}}"#,
            ["/template/metadata/a"]
        ),
    ]

    @Test(arguments: Self.flaws)
    func whatCannotBeMeantIsRefused(document: String, pointers: [String]) throws {
        #expect(self.pointers(try PolicyRuleTests.json(document)) == pointers)
    }

    @Test func aHugeDocumentIsRefused() {
        let rules = (0..<64).map { number -> JSON in
            ["name": .string("m\(number)"), "values": [.string(String(repeating: "x", count: 256))]]
        }
        #expect(self.pointers(["metadata": ["required": .array(rules)]]) == [""])
        let many = JSON.array((0..<300).map { .string("s\($0)") })
        #expect(self.pointers(["scopes": ["allowed": many]]) == ["/scopes/allowed"])
    }

    @Test(
        arguments: [
            (#"{"scopes": {"required": ["a"]}}"#, #"{"scopes": {"allowed": ["b"]}}"#, "/scopes/required/0"),
            (#"{"scopes": {"allowed": ["b"]}}"#, #"{"scopes": {"required": ["a"]}}"#, "/scopes/allowed"),
            (#"{"scopes": {"most": 1}}"#, #"{"scopes": {"required": ["a", "b"]}}"#, "/scopes/most"),
            (#"{"rotation": {"mode": "holder"}}"#, #"{"rotation": {"holderMayRotate": false}}"#, "/rotation"),
            (#"{"rotation": {"maximumGrace": "9m"}}"#, #"{"rotation": {"mode": "holder"}}"#, "/rotation"),
            (#"{"scopes": {"required": ["a.*"]}}"#, #"{"scopes": {"wildcards": false}}"#, "/scopes/required/0"),
            (#"{"owners": {"kinds": ["user"]}}"#, #"{"owners": {"kinds": ["service"]}}"#, "/owners/kinds"),
            (
                #"{"metadata": {"required": [{"name": "a", "values": ["x"]}]}}"#,
                #"{"metadata": {"required": [{"name": "a", "values": ["y"]}]}}"#, "/metadata/required/0"
            ),
            (
                #"{"metadata": {"required": [{"name": "a", "pattern": "x*"}]}}"#,
                #"{"metadata": {"required": [{"name": "a", "values": ["y"]}]}}"#, "/metadata/required/0"
            ),
        ]
    )
    func twoPoliciesThatNoKeyCanMeetAreTold(one: String, other: String, pointer: String) throws {
        let (one, other) = (try PolicyRuleTests.json(one), try PolicyRuleTests.json(other))
        let document = try PolicyRuleTests.document(one)
        #expect(document.contradictions(with: try PolicyRuleTests.policy("q", other)).map(\.pointer) == [pointer])
        #expect(document.contradictions(with: try PolicyRuleTests.policy("q", one)) == [])
    }

    @Test func whereItApplies() throws {
        let environment = API.Environment(name: .production, tag: .live)
        let api = try PolicyRuleTests.api(environment)
        let built = API(
            id: API.ID(bits: 3),
            workspaceID: api.workspaceID,
            name: API.managementName,
            prefix: try TokenPrefix(parsing: "claviger"),
            attributes: API.Attributes(),
            createdAt: api.createdAt,
            updatedAt: api.updatedAt,
            version: 1
        )
        let everywhere = try PolicyRuleTests.document([:])
        #expect(everywhere.applies(to: api, .production))
        #expect(!everywhere.applies(to: built, .production))
        let named = try PolicyRuleTests.document(["appliesTo": ["apis": ["claviger"], "environments": ["production"]]])
        #expect(named.applies(to: built, .production))
        #expect(!named.applies(to: built, .staging))
        #expect(!named.applies(to: api, .production))
    }

    @Test func ofSeveralTheStricterCounts() throws {
        let key = JSON.string(APIKey.ID(bits: 5).text)
        let rules = try PolicyRuleTests.rules([
            (
                "a",
                [
                    "rotation": ["every": "90d", "mode": "enforce", "holderMayRotate": false, "maximumGrace": "3d"],
                    "inactivity": [
                        "idle": ["remind": "30d", "revoke": "90d"],
                        "exemptions": [["keyId": key, "until": "2030-01-01T00:00:00Z"]],
                    ], "approvals": ["quorum": 1, "approverScope": "b"], "lifetime": ["maximum": "100d"],
                ]
            ),
            (
                "b",
                [
                    "rotation": ["every": "30d", "mode": "remind", "window": "5d"],
                    "inactivity": ["idle": ["suspend": "60d"]],
                    "approvals": ["quorum": 2, "approverScope": "a"], "lifetime": ["maximum": "200d"],
                ]
            ),
        ])
        let lifecycle = rules.lifecycle
        #expect(lifecycle.policies.map(\.text) == ["a", "b"])
        #expect(lifecycle.rotation?.every == .seconds(30 * 86_400))
        #expect(lifecycle.rotation?.mode == .enforce)
        #expect(lifecycle.rotation?.window == .seconds(5 * 86_400))
        #expect(lifecycle.rotation?.maximumGrace == .seconds(3 * 86_400))
        #expect(lifecycle.rotation?.holderMayRotate == false)
        #expect(lifecycle.inactivity?.idle.suspend == .seconds(60 * 86_400))
        #expect(lifecycle.inactivity?.idle.revoke == .seconds(90 * 86_400))
        #expect(lifecycle.inactivity?.exemptions == [])
        #expect(lifecycle.approvals?.quorum == 2)
        #expect(lifecycle.approvals?.approverScopes.map(\.text) == ["a", "b"])
        #expect(lifecycle.maximumLifetime == .seconds(100 * 86_400))
    }

    @Test func templatesAndUsualLivesFillInWhatIsOpen() throws {
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        let rules = try PolicyRuleTests.rules([
            ("a", ["template": ["scopes": ["shared"], "metadata": ["team": "x", "tier": "y"]]]),
            ("b", ["lifetime": ["default": "90d"]]), ("c", ["lifetime": ["maximum": "30d"]]),
        ])
        var open = APIKey.Attributes(name: try Label(parsing: "k"))
        open.metadata = try Metadata(JSONObject([("team", "own")]))
        rules.fill(&open, at: now)
        #expect(open.scopes.map(\.text) == ["shared"])
        #expect(open.metadata.object == JSONObject([("team", "own"), ("tier", "y")]))
        #expect(open.expiresAt == now + .seconds(30 * 86_400))
        var said = APIKey.Attributes(name: try Label(parsing: "k"), scopes: [try Scope(parsing: "own")])
        said.expiresAt = now + .seconds(1)
        rules.fill(&said, at: now)
        #expect(said.scopes.map(\.text) == ["own"])
        #expect(said.expiresAt == now + .seconds(1))
    }
}
