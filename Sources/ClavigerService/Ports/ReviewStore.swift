public import ClavigerCore

/// Which campaigns to list.
public struct ReviewFilter: Hashable, Sendable {
    /// In this state.
    public var state: Review.State?
    /// Only those that this management key, with this owner, has keys of to look at.
    public var reviewer: Reviewer?

    /// Somebody who looks at keys.
    public struct Reviewer: Hashable, Sendable {
        /// The management key.
        public let keyID: APIKey.ID
        /// Its owner.
        public let consumerID: Consumer.ID
    }

    /// Makes a filter that lets everything through.
    public init() {}
}

/// Which items of a campaign to list.
public struct ReviewItemFilter: Hashable, Sendable {
    /// In this state.
    public var state: ReviewItem.State?
    /// Of keys that are this consumer's now.
    public var consumer: Consumer.ID?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// What can be read of campaigns in a transaction.
public protocol CampaignReading {
    func review(_ id: Review.ID, in workspace: Workspace.ID) throws -> Review?
    /// Campaigns, the newest first.
    func reviews(_ filter: ReviewFilter, in workspace: Workspace.ID, page: PageRequest) throws -> [Review]
    func reviewItem(_ id: ReviewItem.ID, of review: Review.ID) throws -> ReviewItem?
    /// Items by id.
    func reviewItems(of review: Review.ID, _ filter: ReviewItemFilter, page: PageRequest) throws -> [ReviewItem]
    /// How many items stand where.
    func reviewItemCounts(of review: Review.ID) throws -> [ReviewItem.State: Int]
    /// Open campaigns whose deadline is over.
    func reviews(dueAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review]
    /// Open campaigns of which somebody has to be reminded.
    func reviews(toRemindAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review]
    /// Campaigns that have to be followed by another.
    func reviews(toRepeatAt now: Timestamp, in workspace: Workspace.ID) throws -> [Review]
}

/// What can be changed of campaigns in a transaction.
public protocol CampaignWriting: CampaignReading {
    func insert(_ review: Review, _ items: [ReviewItem]) throws
    func update(_ review: Review) throws
    func update(_ item: ReviewItem) throws
}
