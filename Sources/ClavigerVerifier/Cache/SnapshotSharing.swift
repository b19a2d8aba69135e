public import ClavigerCore
import Synchronization

/// What all snapshots of one api's keys have in common.
public final class SharedAPI: Sendable {
    /// What verification needs to know of the api.
    public let snapshot: KeySnapshot.API
    /// The limits that all its keys share.
    public let limits: RateLimits
    /// The overrides in its namespace.
    public let overrides: [LimitOverride]
    private let defaults: [EnvironmentName: RestrictionCheck]
    private let required: [EnvironmentName: RestrictionCheck]

    /// Compiles an api.
    public init(_ api: API, overrides: [LimitOverride]) {
        let rules = api.attributes.endpointRules
        self.snapshot = KeySnapshot.API(
            reference: api.reference,
            isManagement: api.isManagement,
            rules: rules.isEmpty ? nil : rules
        )
        self.limits = api.attributes.limits
        self.overrides = overrides
        var defaults: [EnvironmentName: RestrictionCheck] = [:]
        var required: [EnvironmentName: RestrictionCheck] = [:]
        for environment in api.attributes.environments {
            defaults[environment.name] = RestrictionCheck(all: [environment.defaultRestrictions])
            required[environment.name] = RestrictionCheck(all: [environment.requiredRestrictions])
        }
        self.defaults = defaults
        self.required = required
    }

    /// What restricts a key: its own restrictions, the environment's defaults for the kinds that it leaves open, and
    /// what the environment requires of all; nil for nothing.
    public func restrictions(_ own: Restrictions, in environment: EnvironmentName) -> RestrictionCheck? {
        let defaults = self.defaults[environment] ?? .unrestricted
        let required = self.required[environment] ?? .unrestricted
        if own.isEmpty, defaults.isEmpty { return required.isEmpty ? nil : required }
        return RestrictionCheck(own, defaults: defaults, required: required)
    }
}

/// Gives out one object for equal apis, consumers and scopes, so that a million snapshots stay small.
///
/// Apis and consumers are told apart by id and version: a changed one is a new object, and snapshots that hold the old
/// one have been removed by then.
public final class SnapshotSharing: Sendable {
    private struct State {
        var apis: [API.ID: (version: Int, overrides: String, api: SharedAPI)] = [:]
        var consumers: [Consumer.ID: (version: Int, consumer: KeySnapshot.Consumer)] = [:]
        var scopes: [ScopeSet: ScopeSet] = [:]
    }

    /// Only the methods below touch it; nothing is called while it is held.
    private let state = Mutex(State())
    private let capacity: Int

    /// Remembers at most `capacity` objects of each kind, and starts anew beyond that.
    public init(capacity: Int = 100_000) {
        self.capacity = capacity
    }

    /// The shared snapshot of an api.
    ///
    /// - Parameters:
    ///   - overrides: tells one state of the overrides of limits from another.
    ///   - make: makes it where there is none yet; called without a lock.
    public func api(
        _ id: API.ID,
        version: Int,
        overrides: String,
        make: () throws -> SharedAPI
    ) rethrows -> SharedAPI {
        let known = self.state.withLock { $0.apis[id] }
        if let known, known.version == version, known.overrides == overrides { return known.api }
        let api = try make()
        self.state.withLock { state in
            if state.apis.count >= self.capacity { state.apis.removeAll() }
            state.apis[id] = (version, overrides, api)
        }
        return api
    }

    /// The shared snapshot of a consumer.
    public func consumer(
        _ id: Consumer.ID,
        version: Int,
        externalID: String,
        metadata: String
    ) -> KeySnapshot.Consumer {
        self.state.withLock { state in
            if let known = state.consumers[id], known.version == version { return known.consumer }
            let consumer = KeySnapshot.Consumer(id: id, externalID: externalID, metadata: Array(metadata.utf8))
            if state.consumers.count >= self.capacity { state.consumers.removeAll() }
            state.consumers[id] = (version, consumer)
            return consumer
        }
    }

    /// The shared copy of a set of scopes.
    public func scopes(_ scopes: ScopeSet) -> ScopeSet {
        self.state.withLock { state in
            if let known = state.scopes[scopes] { return known }
            if state.scopes.count >= self.capacity { state.scopes.removeAll() }
            state.scopes[scopes] = scopes
            return scopes
        }
    }

    /// Forgets everything, as something has changed that many have in common.
    func forgetAll() {
        self.state.withLock { $0 = State() }
    }
}
