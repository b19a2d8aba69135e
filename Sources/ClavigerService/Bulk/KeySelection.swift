import ClavigerCore

/// The keys that a bulk change takes: exactly those, each in the version that was seen.
struct KeySelection: Sendable {
    /// By id.
    private(set) var ids: [APIKey.ID] = []
    private(set) var places: [KeyFilter.Place: Int] = [:]
    /// Those of the built-in api, which are power over Claviger.
    private(set) var managementKeys: [APIKey.ID] = []
    /// How many keys the filter takes that nothing is done to.
    private(set) var unaffected = 0
    private var digesting: KeySetDigest

    var digest: [UInt8] { self.digesting.bytes }

    init(subject: String) {
        self.digesting = KeySetDigest(subject: subject)
    }

    mutating func add(_ key: KeyOutline, isManagement: Bool) throws(Problem) {
        guard self.ids.count < BulkPreview.mostKeys else {
            throw Problem(
                .stateConflict,
                "There are more than \(BulkPreview.mostKeys) such keys. Narrow the filter, and do it in several steps."
            )
        }
        self.ids.append(key.id)
        self.places[KeyFilter.Place(apiID: key.apiID, environment: key.environment), default: 0] += 1
        if isManagement { self.managementKeys.append(key.id) }
        self.digesting.add(key.id, version: key.version)
    }

    mutating func leaveOut() {
        self.unaffected += 1
    }

    /// The places in a steady order.
    var sortedPlaces: [(place: KeyFilter.Place, count: Int)] {
        self.places.sorted {
            ($0.key.apiID, $0.key.environment.text) < ($1.key.apiID, $1.key.environment.text)
        }.map { ($0.key, $0.value) }
    }
}

extension AuthorityReading {
    /// The keys that a filter takes and an action changes, as of a moment.
    ///
    /// - Parameter spared: the caller's own management key. Who ends it takes it out of their own hand; that is for a
    ///   call of its own.
    func selection(
        _ filter: BulkFilter,
        _ action: BulkAction,
        _ used: KeysByUse,
        sparing spared: APIKey.ID,
        in workspace: Workspace.ID,
        at moment: Timestamp
    ) throws -> KeySelection {
        let management = try self.api(named: API.managementName, in: workspace)?.id
        // The filter and the action are part of the digest by being part of the preview.
        var selection = KeySelection(subject: "bulk")
        try self.forEachOutline(filter, in: workspace, at: moment) { key in
            // That a management key calls this server is not recorded: nobody knows when, or from where, it was used.
            if filter.asksForUse, key.apiID == management {
                selection.leaveOut()
                return
            }
            guard used.accepts(key.id) else { return }
            guard key.id != spared, action.changes(key, at: moment, revivesExpired: filter.state == .expired) else {
                selection.leaveOut()
                return
            }
            try selection.add(key, isManagement: key.apiID == management)
        }
        return selection
    }
}
