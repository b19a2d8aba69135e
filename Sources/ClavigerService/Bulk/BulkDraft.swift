public import ClavigerCore

/// What somebody wants done to many keys, as they say it.
public struct BulkDraft: Sendable {
    /// Which keys, without what has to be looked up.
    public var filter: BulkFilter
    /// Of this api.
    public var api: Reference<API>?
    /// With this plan.
    public var plan: Reference<Plan>?
    /// Not used for so long.
    public var idleFor: Duration?
    /// Whether it was said that it is for all keys.
    public var isForAll: Bool
    /// What is done to them.
    public var action: BulkAction

    /// Makes a draft.
    public init(
        filter: BulkFilter,
        api: Reference<API>? = nil,
        plan: Reference<Plan>? = nil,
        idleFor: Duration? = nil,
        isForAll: Bool = false,
        action: BulkAction
    ) {
        self.filter = filter
        self.api = api
        self.plan = plan
        self.idleFor = idleFor
        self.isForAll = isForAll
        self.action = action
    }

    /// The filter with everything looked up, as of a moment.
    func resolved(_ tx: any AuthorityReading, in workspace: Workspace.ID, at now: Timestamp) throws -> BulkFilter {
        var filter = self.filter
        var violations: [Violation] = []
        if let api {
            filter.api = try tx.api(api, in: workspace)?.id
            if filter.api == nil { violations.append(Violation("/filter/apiId", "is not an api of this workspace")) }
        }
        if let plan {
            filter.plan = try tx.plan(plan, in: workspace)?.id
            if filter.plan == nil { violations.append(Violation("/filter/planId", "is not a plan of this workspace")) }
        }
        if let consumer = filter.consumer, try tx.consumer(consumer, in: workspace) == nil {
            violations.append(Violation("/filter/consumerId", "is not a consumer of this workspace"))
        }
        if let idleFor { filter.idleSince = now - idleFor }
        guard violations.isEmpty else { throw Problem.validation(violations) }
        // What was left out by mistake must not mean everything.
        guard filter.isEmpty == self.isForAll else {
            throw Problem.validation([
                Violation(
                    "/filter",
                    self.isForAll
                        ? "must have either all or conditions, not both"
                        : "must have at least one condition, or all: true for every key of the workspace"
                )
            ])
        }
        return filter
    }
}

/// A preview with what is shown of it.
public struct BulkPreviewReading: Sendable {
    /// The preview.
    public let preview: BulkPreview
    /// How many keys of each api and environment there are.
    public let places: [(place: KeyFilter.Place, count: Int)]
    /// How many keys the filter takes that the action would not change.
    public let unaffected: Int
    /// Some of the keys.
    public let sample: [APIKey]

    /// The fields for answers.
    public var publicFields: JSON {
        [
            "previewId": .string(self.preview.id.text),
            "count": .integer(Int64(self.preview.count)),
            "unaffected": .integer(Int64(self.unaffected)),
            "places": .array(
                self.places.map {
                    [
                        "apiId": .string($0.place.apiID.text), "environment": .string($0.place.environment.text),
                        "count": .integer(Int64($0.count)),
                    ]
                }
            ),
            "sample": .array(self.sample.map { $0.publicFields(at: self.preview.createdAt) }),
            "expiresAt": .string(self.preview.expiresAt.text),
        ]
    }
}

/// What became of a preview that was confirmed.
public struct BulkOutcome: Sendable {
    /// The answer.
    public let publicFields: JSON
    /// Whether it was carried out before, and this is the answer of that time.
    public let isReplayed: Bool
}
