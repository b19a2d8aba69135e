/// A protected service of the workspace: token prefix, environments, scope catalogue and defaults for its keys.
public struct API: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "api"
    /// The id of an api.
    public typealias ID = Identifier<API>

    /// One environment and the tag that tokens carry for it.
    public struct Environment: Hashable, Sendable {
        /// The name.
        public var name: EnvironmentName
        /// The part of a token after the prefix.
        public var tag: TokenTag
        /// The same of publishable keys.
        public var publishableTag: TokenTag
        /// What a key gets that does not say from where and when it may be used, kind by kind.
        public var defaultRestrictions: Restrictions
        /// What every key has to fulfil besides its own restrictions.
        public var requiredRestrictions: Restrictions
        /// What becomes of its leaked keys; nil for what the api says.
        public var leakPolicy: LeakPolicy?
        /// Whether its keys need approval; nil where nothing is said.
        public var approval: ApprovalRules?

        /// Makes an environment.
        ///
        /// Publishable keys have the tag with `pub` before it unless another one is given.
        public init(
            name: EnvironmentName,
            tag: TokenTag,
            publishableTag: TokenTag? = nil,
            defaultRestrictions: Restrictions = .none,
            requiredRestrictions: Restrictions = .none,
            leakPolicy: LeakPolicy? = nil,
            approval: ApprovalRules? = nil
        ) {
            self.name = name
            self.tag = tag
            self.publishableTag = publishableTag ?? tag.publishable
            self.defaultRestrictions = defaultRestrictions
            self.requiredRestrictions = requiredRestrictions
            self.leakPolicy = leakPolicy
            self.approval = approval
        }

        /// The tag of keys of a kind.
        public func tag(of kind: KeyKind) -> TokenTag {
            switch kind {
            case .secret: self.tag
            case .publishable: self.publishableTag
            }
        }
    }

    /// A scope that keys of this api may have, with a word about it.
    public struct CatalogueEntry: Hashable, Sendable {
        /// The scope, without `*`.
        public var scope: Scope
        /// What it allows, for a person.
        public var description: String
        /// Whether it is safe for clients, so that publishable keys may hold it.
        public var isPublishable: Bool
        /// The environments whose keys may hold it; none means all.
        public var environments: [EnvironmentName]

        /// Makes an entry.
        public init(
            scope: Scope,
            description: String,
            isPublishable: Bool = false,
            environments: [EnvironmentName] = []
        ) {
            self.scope = scope
            self.description = description
            self.isPublishable = isPublishable
            self.environments = environments
        }
    }

    /// What a key gets when its draft says nothing.
    public struct Defaults: Hashable, Sendable {
        /// How long a key lives.
        public var lifetime: Duration?

        /// Makes defaults.
        public init(lifetime: Duration? = nil) {
            self.lifetime = lifetime
        }
    }

    /// What administrators may say of an api.
    public struct Attributes: Hashable, Sendable {
        /// A word about the api.
        public var description: String?
        /// The environments, at least one.
        public var environments: [Environment]
        /// The scopes that keys may have; none means any.
        public var catalogue: [CatalogueEntry]
        /// What a key gets when its draft says nothing.
        public var defaults: Defaults
        /// What requests take, by method and path.
        public var endpointRules: EndpointRules
        /// Limits that all keys of the api share.
        public var limits: RateLimits
        /// What becomes of leaked keys.
        public var leakPolicy: LeakPolicy

        /// Makes attributes.
        public init(
            description: String? = nil,
            environments: [Environment] = API.usualEnvironments,
            catalogue: [CatalogueEntry] = [],
            defaults: Defaults = Defaults(),
            endpointRules: EndpointRules = .none,
            limits: RateLimits = .none,
            leakPolicy: LeakPolicy = .compromise
        ) {
            self.description = description
            self.environments = environments
            self.catalogue = catalogue
            self.defaults = defaults
            self.endpointRules = endpointRules
            self.limits = limits
            self.leakPolicy = leakPolicy
        }
    }

    /// How a permission or a request names an api.
    public struct Reference: Hashable, Sendable {
        /// The id.
        public var id: ID
        /// The name.
        public var name: ResourceName

        /// Names an api.
        public init(id: ID, name: ResourceName) {
            self.id = id
            self.name = name
        }

        /// The segments that may stand for the api in a scope.
        var segments: [String] { [self.name.text, self.id.text] }
    }

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// The name; it never changes.
    public let name: ResourceName
    /// The beginning of its keys' tokens; it never changes.
    public let prefix: TokenPrefix
    /// What administrators may say of it.
    public var attributes: Attributes
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes an api value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        name: ResourceName,
        prefix: TokenPrefix,
        attributes: Attributes,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.name = name
        self.prefix = prefix
        self.attributes = attributes
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    /// How permissions name this api.
    public var reference: Reference { Reference(id: self.id, name: self.name) }

    /// Whether this is the built-in api whose keys are management keys.
    public var isManagement: Bool { self.name == API.managementName }

    /// The name of the built-in api.
    public static let managementName = ResourceName(known: "claviger")

    /// The environment with that name, or nil.
    public func environment(named name: EnvironmentName) -> Environment? {
        self.attributes.environments.first { $0.name == name }
    }

    /// The scopes that the catalogue does not know.
    ///
    /// An empty catalogue knows every scope.
    public func unknownScopes(among scopes: [Scope]) -> [Scope] {
        let catalogue = self.attributes.catalogue
        guard !catalogue.isEmpty else { return [] }
        return scopes.filter { scope in !catalogue.contains { scope.covers($0.scope) } }
    }

    /// The scopes that publishable keys may not have: all but those that the catalogue names as safe, as they are.
    public func unpublishableScopes(among scopes: [Scope]) -> [Scope] {
        let safe = Set(self.attributes.catalogue.filter(\.isPublishable).map(\.scope))
        return scopes.filter { !safe.contains($0) }
    }

    /// `production`, `staging` and `development`, tagged `live`, `stage` and `test`.
    public static let usualEnvironments = [
        Environment(name: .production, tag: .live), Environment(name: .staging, tag: .stage),
        Environment(name: .development, tag: .test),
    ]
}

extension TokenTag {
    private init(known text: String) {
        self.text = text
    }

    /// The tag of publishable keys where an environment does not name one.
    var publishable: TokenTag {
        // A tag has at most 16 characters; the end of a longer one gives way.
        TokenTag(known: String("pub\(self.text)".prefix(16)))
    }

    /// The tag of production tokens.
    public static let live = TokenTag(known: "live")
    /// The tag of staging tokens.
    public static let stage = TokenTag(known: "stage")
    /// The tag of development tokens.
    public static let test = TokenTag(known: "test")
}
