import ClavigerCore

extension Authority {
    /// How far back it is looked who uses the keys of a consumer.
    private static let usersWindow = Duration.seconds(30 * 86_400)
    /// The most uses that are looked at, and the most parts of the log.
    private static let mostUses = 10_000
    private static let mostPages = 50

    /// Who has used the keys of a consumer of late, the most frequent first, and since when that was looked for.
    ///
    /// A busy consumer has millions of uses; its last ten thousand name everything that is still there.
    func users(
        of consumer: Consumer.ID,
        in workspace: Workspace.ID,
        at now: Timestamp
    ) async throws -> (users: [(user: Dependents.User, use: Dependents.Use)], since: Timestamp) {
        var filter = AccessLogFilter()
        filter.consumerID = consumer
        filter.from = now - Self.usersWindow
        var since = now - Self.usersWindow
        var uses: [Dependents.User: Dependents.Use] = [:]
        var (seen, pages) = (0, 0)
        var position: AccessLogPosition?
        repeat {
            let page = try await self.usage.entries(filter, in: workspace, after: position, limit: 1000)
            for entry in page.entries {
                let user = Dependents.User(
                    network: entry.clientAddress.map(Self.network),
                    userAgent: entry.userAgent
                )
                var use = uses[user] ?? Dependents.Use(count: 0, lastUsedAt: entry.time)
                use.count += 1
                use.lastUsedAt = max(use.lastUsedAt, entry.time)
                uses[user] = use
            }
            seen += page.entries.count
            pages += 1
            position = page.next
            if position != nil, let last = page.entries.last { since = max(since, last.time) }
        } while position != nil && seen < Self.mostUses && pages < Self.mostPages
        if position == nil { since = now - Self.usersWindow }
        let sorted = uses.sorted {
            ($1.value.count, $1.value.lastUsedAt) < ($0.value.count, $0.value.lastUsedAt)
        }
        return (sorted.map { ($0.key, $0.value) }, since)
    }

    /// An IPv4 address, or 64 bits of an IPv6 address, which a household or a server has to itself.
    private static func network(_ address: IPAddress) -> String {
        switch address {
        case .v4: "\(address)/32"
        case .v6(let bits): "\(IPAddress.v6((bits >> 64) << 64))/64"
        }
    }
}
