/// An administrative permission: a scope of the built-in api, the resource included.
public enum Permission: Hashable, Sendable {
    /// What can be done to something that is managed.
    public enum Action: String, CaseIterable, Sendable {
        case create, read, update, delete
    }

    /// What can be done to keys.
    public enum KeyAction: String, CaseIterable, Sendable {
        case create, read, update, suspend, resume, revoke, compromise, delete, verify, explain, reserve, rotate
        case request, approve
        case breakGlass = "break_glass"
        case `import`
    }

    case createAPIs
    case apis(Action, API.Reference)
    case keys(KeyAction, API.Reference, EnvironmentName)
    case consumers(Action)
    case roles(Action)
    case plans(Action)
    case limitOverrides(Action)
    case checkLimits
    case readUsage
    case readAudit
    case erasePersonalValues
    case reportLeaks
    case readLeaks
    case readKeyring
    case rotateKeyring
    case readWebhooks
    case manageWebhooks
    case readPolicies
    case managePolicies
    case readReviews
    case manageReviews
    case readJobs
    case runJobs

    /// The scopes of which one grants this permission; the first is the one to name in a refusal.
    ///
    /// An api may be named by its name or its id. Neither is ever used again for another api, and no name looks like an
    /// id, so the two cannot mean different apis.
    public var scopes: [Scope] {
        self.texts.map(Scope.init(wellFormed:))
    }

    private var texts: [String] {
        switch self {
        case .createAPIs: ["apis.create"]
        case .apis(let action, let api): api.segments.map { "apis.\($0).\(action.rawValue)" }
        case .keys(let action, let api, let environment):
            api.segments.map { "apis.\($0).\(environment.text).keys.\(action.rawValue)" }
        case .consumers(let action): ["consumers.\(action.rawValue)"]
        case .roles(let action): ["roles.\(action.rawValue)"]
        case .plans(let action): ["plans.\(action.rawValue)"]
        case .limitOverrides(let action): ["limits.overrides.\(action.rawValue)"]
        case .checkLimits: ["limits.check"]
        case .readUsage: ["usage.read"]
        case .readAudit: ["audit.read"]
        case .erasePersonalValues: ["privacy.erase"]
        case .reportLeaks: ["leaks.report"]
        case .readLeaks: ["leaks.read"]
        case .readKeyring: ["keyring.read"]
        case .rotateKeyring: ["keyring.rotate"]
        case .readWebhooks: ["webhooks.read"]
        case .manageWebhooks: ["webhooks.manage"]
        case .readPolicies: ["policies.read"]
        case .managePolicies: ["policies.manage"]
        case .readReviews: ["reviews.read"]
        case .manageReviews: ["reviews.manage"]
        case .readJobs: ["jobs.read"]
        case .runJobs: ["jobs.run"]
        }
    }

    /// One scope for an action on keys of an api, named as given or `*`, in one environment or all.
    public static func anyKey(_ action: KeyAction, api: String, environment: EnvironmentName?) -> Scope {
        Scope(wellFormed: "apis.\(api).\(environment?.text ?? "*").keys.\(action.rawValue)")
    }

    /// Whether the scopes grant this permission.
    public func isGranted(by scopes: ScopeSet) -> Bool {
        // The owner's `*` is what nearly every hot call holds, and needs no text.
        scopes.scopes.first?.text == "*" || self.scopes.contains { scopes.covers($0) }
    }
}
