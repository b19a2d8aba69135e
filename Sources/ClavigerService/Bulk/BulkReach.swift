import ClavigerCore

extension AuthorityReading {
    /// Refuses a caller who may not do this to all of the keys, or not see them.
    func checkMay(_ action: Permission.KeyAction, to selection: KeySelection, _ caller: Caller) throws {
        for (place, _) in selection.sortedPlaces {
            guard let api = try self.api(place.apiID, in: caller.workspaceID) else { throw Problem.notFound("api") }
            // Whoever may not see keys there does not learn from the refusal that there are any.
            guard Permission.keys(.read, api.reference, place.environment).isGranted(by: caller.scopes) else {
                throw Problem.forbidden(needed: Permission.anyKey(.read, api: "*", environment: nil))
            }
            try caller.require(.keys(action, api.reference, place.environment))
        }
    }

    /// The rules of management keys (promise P8), and that somebody stays who may do everything.
    func checkReach(_ action: BulkAction, to selection: KeySelection, _ caller: Caller, at now: Timestamp) throws {
        if case .setExpiry(let end) = action, let limit = caller.expiresAt, end > limit {
            throw Problem.validation([
                Violation("/expiresAt", "must not be after \(limit.text), when your own management key expires")
            ])
        }
        guard !selection.managementKeys.isEmpty,
            let api = try self.api(named: API.managementName, in: caller.workspaceID)
        else { return }
        for id in selection.managementKeys {
            guard let key = try self.key(id, in: caller.workspaceID) else { throw Problem.notFound("key") }
            switch action {
            case .command(let command, _, _): try self.checkReach(to: key, api, command, caller)
            case .requireRotation: try self.checkReach(to: key, api, .suspend, caller)
            case .setExpiry:
                try self.checkReach(to: key, api, .suspend, caller)
                try caller.requireItsRestrictions(on: key)
            }
        }
        // A key that has to be rotated stays, and so does the last one that may do everything, whatever the time.
        if ![.resume, .requireRotation].contains(action.name) {
            try self.checkOwnerStays(beside: selection, api, caller, at: now)
        }
    }

    /// Refuses to take away the last management key that may do everything and does not end by itself.
    ///
    /// The caller's own key is never among those that are taken; but it may be one that ends tomorrow.
    func checkOwnerStays(
        beside selection: KeySelection,
        _ api: API,
        _ caller: Caller,
        at now: Timestamp
    ) throws {
        let taken = Set(selection.managementKeys)
        var takesOwner = false
        var filter = KeyFilter()
        filter.api = api.id
        filter.state = .active
        var page = PageRequest(limit: 200)
        repeat {
            let keys = try self.keys(filter, in: caller.workspaceID, page: page, at: now)
            for key in keys {
                guard try self.isOwnerForGood(key, at: now) else { continue }
                guard taken.contains(key.id) else { return }
                takesOwner = true
            }
            page.after = keys.count < page.limit ? nil : keys.last?.id.text
        } while page.after != nil
        guard takesOwner else { return }
        throw Problem(
            .stateConflict,
            "No management key would be left that may do everything and does not expire. Make another one first."
        )
    }

    /// Whether a key may do everything, can be used now and does not end by itself.
    func isOwnerForGood(_ key: APIKey, at now: Timestamp) throws -> Bool {
        guard key.attributes.expiresAt == nil, key.attributes.notBefore.map({ $0 <= now }) ?? true,
            let everything = try? Scope(parsing: "*")
        else { return false }
        return try self.granted(to: key).covers(everything)
    }
}

extension Caller {
    /// Refuses a caller who may do none of these to any key, before anything is looked at.
    func requireAnywhere(_ actions: [Permission.KeyAction]) throws(Problem) {
        for action in actions {
            let asked = Permission.anyKey(action, api: "*", environment: nil)
            if self.scopes.scopes.contains(where: { $0.overlaps(asked) }) { return }
        }
        throw .forbidden(needed: Permission.anyKey(actions.first ?? .read, api: "*", environment: nil))
    }
}
