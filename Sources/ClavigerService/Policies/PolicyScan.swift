import ClavigerCore

/// Walks over keys, place by place and page by page: however many there are, a page of them is in memory.
struct PolicyScan {
    /// How many keys are looked at in one transaction.
    static let page = 2000

    /// How far a walk has come.
    struct Position: Hashable, Sendable {
        var place: KeyFilter.Place
        var after: APIKey.ID?

        init(place: KeyFilter.Place, after: APIKey.ID?) {
            self.place = place
            self.after = after
        }

        init?(text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let api = try? API.ID(parsing: parts[0]),
                let environment = try? EnvironmentName(parsing: parts[1])
            else { return nil }
            self.place = KeyFilter.Place(apiID: api, environment: environment)
            self.after = try? APIKey.ID(parsing: parts[2])
        }

        var text: String {
            "\(self.place.apiID.text)/\(self.place.environment.text)/\(self.after?.text ?? "")"
        }
    }

    /// What is asked of the keys of one place, and what has to be read for it.
    struct Stop<Rules: Sendable>: Sendable {
        var place: KeyFilter.Place
        var needs: PolicyNeeds
        var rules: Rules
    }

    let store: any AuthorityStore
    let workspaceID: Workspace.ID
    let now: Timestamp

    /// Walks from a position to the end, or until the body says that it is enough.
    ///
    /// - Returns: where the walk ended; nil at the end of everything.
    func walk<Rules: Sendable>(
        _ stops: [Stop<Rules>],
        from start: Position? = nil,
        _ body: (Rules, [StandingKey], Position) async throws -> Bool
    ) async throws -> Position? {
        var rest = stops[...]
        var after: APIKey.ID?
        if let start {
            // A place that is gone meanwhile is passed over: what comes behind it is looked at from its beginning.
            rest = rest.drop { !Self.isBefore(start.place, $0.place) && $0.place != start.place }
            if rest.first?.place == start.place { after = start.after }
        }
        while let stop = rest.first {
            let (workspaceID, now, from) = (self.workspaceID, self.now, after)
            let (keys, last) = try await self.store.read { tx in
                try tx.standingKeys(
                    at: stop.place,
                    in: workspaceID,
                    needs: stop.needs,
                    after: from,
                    limit: Self.page,
                    at: now
                )
            }
            after = last
            if last == nil { rest = rest.dropFirst() }
            let position = Position(place: rest.first?.place ?? stop.place, after: last)
            let goesOn = try await body(stop.rules, keys, position)
            if !goesOn { return rest.isEmpty ? nil : position }
        }
        return nil
    }

    /// Puts stops into the order of a walk.
    static func ordered<Rules>(_ stops: [Stop<Rules>]) -> [Stop<Rules>] {
        stops.sorted { Self.isBefore($0.place, $1.place) }
    }

    private static func isBefore(_ one: KeyFilter.Place, _ other: KeyFilter.Place) -> Bool {
        (one.apiID.text, one.environment.text) < (other.apiID.text, other.environment.text)
    }
}
