public import ClavigerCore
import ClavigerVerifier

/// A change that somebody thinks of making to a key.
public struct WhatIf: Sendable {
    /// Other restrictions; nil for those that it has.
    public var restrictions: Restrictions?
    /// Other scopes; nil for those that it has.
    public var scopes: [Scope]?
    /// How many days of recorded uses to look at.
    public var days: Int

    /// Makes a thought.
    public init(restrictions: Restrictions? = nil, scopes: [Scope]? = nil, days: Int) {
        self.restrictions = restrictions
        self.scopes = scopes
        self.days = days
    }
}

/// What recorded uses of a key would have met with a change.
public struct WhatIfReport: Sendable {
    /// A use that was allowed and would have been refused.
    public struct Refused: Sendable {
        /// The use.
        public let entry: AccessLogEntry
        /// What it would have met.
        public let code: VerificationCode
        /// Why, for the operator.
        public let detail: String
    }

    /// The most refused uses that are shown.
    public static let mostShown = 100

    /// The recorded uses that were allowed.
    public internal(set) var uses = 0
    /// How many of them would have been refused, by code.
    public internal(set) var refusedByCode: [VerificationCode: Int] = [:]
    /// The first of them.
    public internal(set) var refused: [Refused] = []
    /// How many could not be judged by scopes, as no endpoint rule was for their method and path.
    public internal(set) var notJudged = 0

    /// How many would have been refused.
    public var refusedCount: Int { self.refusedByCode.values.reduce(0, +) }
}

/// What the scopes of a key are used for.
public struct ScopeUsage: Sendable {
    /// One scope that was granted.
    public struct Entry: Sendable {
        /// The scope.
        public let scope: Scope
        /// How many recorded uses needed it.
        public var uses: Int
        /// The last of them.
        public var lastUsed: Timestamp?
    }

    /// The scopes of the key and of its roles.
    public var granted: [Entry]
    /// The scopes that recorded uses needed: enough for all of them.
    public var proposed: [Scope]
    /// The recorded uses that were looked at.
    public var uses: Int
    /// How many of them tell nothing of scopes, as no endpoint rule was for their method and path.
    public var notJudged: Int
}

extension Authority {
    /// Replays the recorded uses of a key against a change: which of them would have been refused.
    public func whatIf(_ id: APIKey.ID, _ thought: WhatIf, by caller: Caller) async throws -> WhatIfReport {
        let (key, api, granted) = try await self.keyWithScopes(id, by: caller)
        guard let environment = api.environment(named: key.environment) else { throw Problem.notFound("environment") }
        let check = RestrictionCheck(
            thought.restrictions ?? key.attributes.restrictions,
            defaults: RestrictionCheck(all: [environment.defaultRestrictions]),
            required: RestrictionCheck(all: [environment.requiredRestrictions])
        )
        // Roles stay as they are: they are not the key's to change.
        let roles = granted.scopes.filter { !key.attributes.scopes.contains($0) }
        let scopes = ScopeSet((thought.scopes ?? key.attributes.scopes) + roles)
        let rules = api.attributes.endpointRules
        var report = WhatIfReport()
        try await self.refreshUsage()
        try await self.forEachUse(of: id, days: thought.days, in: caller.workspaceID) { entry in
            report.uses += 1
            let context = ClientContext(
                ip: entry.clientAddress,
                method: entry.method,
                path: entry.path,
                origin: entry.origin,
                userAgent: entry.userAgent
            )
            var refusal: (VerificationCode, String)?
            // Certificates are not on record: who has shown one then cannot be known now.
            for kind in RestrictionRefusal.Kind.allCases where kind != .certificateNotAllowed && refusal == nil {
                refusal = check.refusal(kind, of: context, at: entry.time).map {
                    (VerificationCode($0.code), $0.detail)
                }
            }
            if refusal == nil {
                switch Self.needed(entry, rules) {
                case .some(let query?):
                    if !query.isFulfilled(by: scopes) {
                        let missing = query.missing(from: scopes).map(\.text).joined(separator: ", ")
                        refusal = (.insufficientScope, "missing: \(missing)")
                    }
                case .some(nil): break
                case nil: report.notJudged += 1
                }
            }
            guard let (code, detail) = refusal else { return }
            report.refusedByCode[code, default: 0] += 1
            guard report.refused.count < WhatIfReport.mostShown else { return }
            report.refused.append(WhatIfReport.Refused(entry: entry, code: code, detail: detail))
        }
        return report
    }

    /// Which of a key's scopes recorded uses have needed.
    public func scopeUsage(_ id: APIKey.ID, days: Int, by caller: Caller) async throws -> ScopeUsage {
        let (_, api, granted) = try await self.keyWithScopes(id, by: caller)
        try await self.refreshUsage()
        let rules = api.attributes.endpointRules
        return try await self.scopeUsage(of: id, granted, rules, days: days, in: caller.workspaceID)
    }

    /// Which scopes recorded uses have needed; whoever calls it has decided that they may be told.
    func scopeUsage(
        of id: APIKey.ID,
        _ granted: ScopeSet,
        _ rules: EndpointRules,
        days: Int,
        in workspace: Workspace.ID
    ) async throws -> ScopeUsage {
        var usage = ScopeUsage(
            granted: granted.scopes.map { ScopeUsage.Entry(scope: $0, uses: 0, lastUsed: nil) },
            proposed: [],
            uses: 0,
            notJudged: 0
        )
        var needed: Set<Scope> = []
        try await self.forEachUse(of: id, days: days, in: workspace) { entry in
            usage.uses += 1
            guard let query = Self.needed(entry, rules) else {
                usage.notJudged += 1
                return
            }
            guard let query else { return }
            let scopes = query.needed(from: granted)
            needed.formUnion(scopes)
            for index in usage.granted.indices where scopes.contains(where: usage.granted[index].scope.covers) {
                usage.granted[index].uses += 1
                usage.granted[index].lastUsed = max(usage.granted[index].lastUsed ?? entry.time, entry.time)
            }
        }
        usage.proposed = needed.sorted { $0.text < $1.text }
        return usage
    }

    /// The scopes that a recorded use needed by the rules of today; nil if they do not tell.
    private static func needed(_ entry: AccessLogEntry, _ rules: EndpointRules) -> ScopeQuery?? {
        guard let method = entry.method, let path = entry.path, !rules.isEmpty,
            case .rule(let rule) = rules.decide(method: method, path: path)
        else { return nil }
        return .some(rule.scopes)
    }

    private func keyWithScopes(_ id: APIKey.ID, by caller: Caller) async throws -> (APIKey, API, ScopeSet) {
        try await self.read(AuditAction(.key, "read"), id.text, by: caller) { tx, caller in
            let (key, api) = try tx.existingKey(id, for: .read, caller)
            try caller.require(.readUsage)
            return (key, api, try tx.granted(to: key))
        }
    }

    private func forEachUse(
        of id: APIKey.ID,
        days: Int,
        in workspace: Workspace.ID,
        _ body: (AccessLogEntry) -> Void
    ) async throws {
        let since = self.time.now() - .seconds(days * 86_400)
        try await self.usage.forEachUse(of: id, since: since, in: workspace) { entries in
            for entry in entries where entry.code == VerificationCode.valid.number { body(entry) }
        }
    }
}
