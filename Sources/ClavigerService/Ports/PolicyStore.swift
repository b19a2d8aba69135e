public import ClavigerCore

/// A key that can be used, or could if it were not pending or suspended, as policies look at it.
public struct StandingKey: Sendable {
    /// The key.
    public var id: APIKey.ID
    /// Its owner.
    public var consumerID: Consumer.ID
    /// Its state, time left aside.
    public var state: KeyState.Name
    /// What policies look at.
    public var subject: PolicySubject

    /// Makes a standing key.
    public init(id: APIKey.ID, consumerID: Consumer.ID, state: KeyState.Name, subject: PolicySubject) {
        self.id = id
        self.consumerID = consumerID
        self.state = state
        self.subject = subject
    }
}

/// How long the keys of one api and environment can live at most.
public struct PlaceLifetime: Hashable, Sendable {
    /// The place.
    public var place: KeyFilter.Place
    /// The longest life.
    public var maximum: Duration
    /// Whether keys that hold `*` are left alone.
    public var sparesOwners: Bool

    /// Makes a lifetime.
    public init(place: KeyFilter.Place, maximum: Duration, sparesOwners: Bool) {
        self.place = place
        self.maximum = maximum
        self.sparesOwners = sparesOwners
    }
}

/// What can be read of policies in a transaction.
public protocol PolicyReading {
    func policy(named name: ResourceName, in workspace: Workspace.ID) throws -> Policy?
    /// All policies that are not deleted, by name.
    func policies(in workspace: Workspace.ID) throws -> [Policy]
    /// The versions of a policy, also of a deleted one, the newest first; pages are cut by their numbers.
    func policyVersions(
        of name: ResourceName,
        in workspace: Workspace.ID,
        page: PageRequest
    ) throws -> [PolicyVersion]
    func policyVersion(_ number: Int, of name: ResourceName, in workspace: Workspace.ID) throws -> PolicyVersion?

    /// The next keys of a place by id, without those that have ended by themselves or were ended.
    ///
    /// - Parameters:
    ///   - needs: what has to be read of them; the rest is empty.
    ///   - limit: how many keys are looked at.
    /// - Returns: the keys, and the last one that was looked at; nil at the end.
    func standingKeys(
        at place: KeyFilter.Place,
        in workspace: Workspace.ID,
        needs: PolicyNeeds,
        after: APIKey.ID?,
        limit: Int,
        at now: Timestamp
    ) throws -> (keys: [StandingKey], last: APIKey.ID?)
    /// How long keys can live, as verification reads it.
    func placeLifetimes(in workspace: Workspace.ID) throws -> [PlaceLifetime]
    /// Where keys that are not destroyed have a role.
    func places(ofKeysWith role: Role.ID, in workspace: Workspace.ID) throws -> [KeyFilter.Place]
}

/// What can be changed of policies in a transaction.
public protocol PolicyWriting: PolicyReading {
    /// Stores a new version.
    func store(_ policy: Policy) throws
    /// Stores a version that asks for nothing, which is the end of the policy until it is given again.
    func delete(_ policy: Policy, as version: Int, by author: APIKey.ID?, at now: Timestamp) throws
    func replacePlaceLifetimes(_ lifetimes: [PlaceLifetime], in workspace: Workspace.ID) throws
}
