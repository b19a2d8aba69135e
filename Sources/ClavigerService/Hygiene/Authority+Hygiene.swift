public import ClavigerCore

extension Authority {
    /// How many keys a part has, of which two are in memory at a time; each is a transaction of its own, so that none lasts
    /// long.
    private static let hygienePart = 5000
    /// How long networks are counted.
    private static let networksWindow = Duration.seconds(28 * 86_400)

    /// The scores of the apis that the caller may see, and the keys that need care most.
    ///
    /// - Parameters:
    ///   - api: of this api; nil for all.
    ///   - scopesFor: how far back it is looked which scopes were needed; nil for not at all, as it takes long.
    ///   - limit: the most keys to name.
    public func hygiene(
        _ api: Reference<API>?,
        _ rules: HygieneRules,
        scopesFor: Duration? = nil,
        limit: Int,
        by caller: Caller
    ) async throws -> HygieneReport {
        let scan = try await self.hygieneScan(api, scopesFor, by: caller)
        var report = HygieneReport()
        var scores: [API.ID: HygieneScore] = [:]
        try await self.forEachItem(scan, rules, in: caller.workspaceID) { items in
            for item in items { scores[item.key.apiID, default: HygieneScore()].add(item.findings) }
            report.worst = Self.worst(of: report.worst + items.filter { !$0.findings.isEmpty }, limit)
        }
        report.scores = scan.apis.values.sorted { $0.name.text < $1.name.text }.map {
            ($0, scores[$0.id] ?? HygieneScore())
        }
        return report
    }

    /// Walks through all keys with findings, by id, however many there are.
    public func forEachHygieneItem(
        _ api: Reference<API>?,
        _ rules: HygieneRules,
        scopesFor: Duration? = nil,
        by caller: Caller,
        _ body: ([HygieneItem]) async throws -> Void
    ) async throws {
        let scan = try await self.hygieneScan(api, scopesFor, by: caller)
        try await self.forEachItem(scan, rules, in: caller.workspaceID) { items in
            try await body(items.filter { !$0.findings.isEmpty })
        }
    }

    /// Refuses a caller who may not look, before the first byte of an answer.
    public func checkHygiene(_ api: Reference<API>?, scopesFor: Duration? = nil, by caller: Caller) async throws {
        _ = try await self.hygieneScan(api, scopesFor, by: caller)
    }

    /// What is looked through.
    private struct HygieneScan: Sendable {
        let api: API.ID?
        let places: [KeyFilter.Place]?
        /// Those with keys that the caller may see.
        let apis: [API.ID: API]
        /// Since when it is looked which scopes were needed; nil for not at all.
        let scopesSince: Timestamp?
        let now: Timestamp
    }

    private func hygieneScan(
        _ reference: Reference<API>?,
        _ scopesFor: Duration?,
        by caller: Caller
    ) async throws -> HygieneScan {
        let now = self.time.now()
        if scopesFor != nil, reference == nil {
            throw Problem.validation([Violation("?scopesFor", "must be given together with apiId")])
        }
        return try await self.read(AuditAction(.hygiene, "read"), reference?.text, by: caller) { tx, caller in
            // What somebody asked for is in the access log.
            if scopesFor != nil { try caller.require(.readUsage) }
            let apis: [API]
            if let reference {
                apis = [try tx.existingAPI(reference, in: caller.workspaceID)]
            } else {
                apis = try tx.apis(in: caller.workspaceID)
            }
            let places = try Self.readablePlaces(apis, environment: nil, caller)
            let seen = apis.filter { api in places?.contains { $0.apiID == api.id } ?? true }
            return HygieneScan(
                api: reference.flatMap { _ in apis.first?.id },
                places: places,
                apis: Dictionary(seen.map { ($0.id, $0) }) { first, _ in first },
                scopesSince: scopesFor.map { now - $0 },
                now: now
            )
        }
    }

    /// Gives every key that is looked through, with its findings, part by part.
    private func forEachItem(
        _ scan: HygieneScan,
        _ rules: HygieneRules,
        in workspace: Workspace.ID,
        _ body: ([HygieneItem]) async throws -> Void
    ) async throws {
        // A full disk must not keep anybody from looking.
        try? await self.refreshUsage()
        let scopes = try await self.scopesInUse(scan, in: workspace)
        let pepper = self.keyring.keyring.currentVersion(of: .pepper)
        @Sendable func facts(after last: APIKey.ID?) async throws -> [KeyFacts] {
            try await self.store.read { tx in
                try tx.keyFacts(
                    api: scan.api,
                    places: scan.places,
                    pepper: pepper,
                    in: workspace,
                    page: PageRequest(after: last?.text, limit: Self.hygienePart),
                    at: scan.now
                )
            }
        }
        var part = try await facts(after: nil)
        while let first = part.first, let last = part.last {
            try Task.checkCancellation()
            // The next part is read while this one is judged.
            let isLast = part.count < Self.hygienePart
            async let following = isLast ? [] : facts(after: last.id)
            let uses = try await self.usage.uses(
                ofKeysFrom: first.id,
                through: last.id,
                networksSince: scan.now - Self.networksWindow,
                in: workspace
            )
            try await body(
                part.map { key in
                    var key = Self.completed(key, uses[key.id], scan.apis[key.apiID])
                    key.unusedScopes = scopes?.unused(of: key)
                    return HygieneItem(key: key, findings: rules.findings(key, at: scan.now))
                }
            )
            part = try await following
        }
    }

    /// For what the keys were used, where that was asked for and the api's rules say what it needs.
    private func scopesInUse(_ scan: HygieneScan, in workspace: Workspace.ID) async throws -> ScopesInUse? {
        guard let since = scan.scopesSince, let api = scan.api, let rules = scan.apis[api]?.attributes.endpointRules,
            !rules.isEmpty
        else { return nil }
        let scopes = ScopesInUse(rules: rules)
        try await self.usage.forEachPath(ofKeysOf: api, since: since, in: workspace) { key, method, path in
            scopes.add(key, method: method, path: path)
        }
        return scopes
    }

    /// Adds what is recorded elsewhere.
    private static func completed(_ key: KeyFacts, _ use: KeyUse?, _ api: API?) -> KeyFacts {
        var key = key
        key.isUseRecorded = api?.isManagement != true
        key.lastUsedAt = use?.lastUsedAt
        key.lastAddress = use?.lastAddress
        key.networks = use?.networks.estimate ?? 0
        if let environment = api?.environment(named: key.environment),
            !environment.defaultRestrictions.isEmpty || !environment.requiredRestrictions.isEmpty
        {
            key.isRestricted = true
        }
        return key
    }

    private static func worst(of items: [HygieneItem], _ limit: Int) -> [HygieneItem] {
        guard items.count > limit else { return items.sorted(by: Self.isWorse) }
        return Array(items.sorted(by: Self.isWorse).prefix(limit))
    }

    private static func isWorse(_ one: HygieneItem, _ other: HygieneItem) -> Bool {
        (HygieneScore.points(one.findings), one.key.id) < (HygieneScore.points(other.findings), other.key.id)
    }
}
