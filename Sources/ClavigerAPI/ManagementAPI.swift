import ClavigerCore
public import ClavigerHTTP
public import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

/// The calls of `/v1`.
///
/// Each decodes, calls a use case and encodes; decisions are made elsewhere.
public struct ManagementAPI: Sendable {
    let authority: Authority
    /// What GitHub signs with; nil where its reports are not taken.
    let gitHubKeys: GitHubKeys?
    let answerLifetime: Duration
    /// Whether anybody may read the tiles and checkpoints of the audit log.
    let auditLogIsPublic: Bool

    /// The most bytes that a call's body may have.
    static let bodyLimit = 64 * 1024
    /// The same of calls that take thousands of networks or rules.
    static let largeBodyLimit = 1024 * 1024
    /// The most bytes of a batch.
    static let batchLimit = 2 * 1024 * 1024

    /// Makes the calls for an authority.
    ///
    /// - Parameters:
    ///   - answerLifetime: how long whoever asked may keep a verdict that used nothing up.
    ///   - auditLogIsPublic: whether anybody may read the tiles and checkpoints of the audit log.
    ///   - gitHubKeys: what GitHub signs its reports of leaks with; nil if they are not to be taken.
    public init(
        authority: Authority,
        answerLifetime: Duration = .zero,
        auditLogIsPublic: Bool = false,
        gitHubKeys: GitHubKeys? = nil
    ) {
        self.authority = authority
        self.answerLifetime = answerLifetime
        self.auditLogIsPublic = auditLogIsPublic
        self.gitHubKeys = gitHubKeys
    }

    /// Registers all calls.
    public func register(in registry: inout EndpointRegistry) {
        self.registerAPIs(&registry)
        self.registerConsumers(&registry)
        self.registerRoles(&registry)
        self.registerPlans(&registry)
        self.registerKeys(&registry)
        self.registerRotation(&registry)
        self.registerVerification(&registry)
        self.registerLimits(&registry)
        self.registerCredits(&registry)
        self.registerUsage(&registry)
        self.registerWebhooks(&registry)
        self.registerAudit(&registry)
        self.registerPrivacy(&registry)
        self.registerKeyring(&registry)
        self.registerSelf(&registry)
        self.registerTokens(&registry)
        self.registerLeaks(&registry)
        self.registerPolicies(&registry)
        self.registerKeyRequests(&registry)
        self.registerReviews(&registry)
        self.registerBulk(&registry)
        self.registerHygiene(&registry)
        self.registerImports(&registry)
        self.registerJobs(&registry)
    }
}

extension ManagementAPI {
    /// Answers a creating or changing call, once for each `Idempotency-Key`.
    ///
    /// - Parameters:
    ///   - json: the body that was decoded; with method and path it tells one request from another.
    ///   - render: the answer's body.
    ///   - headers: what else the answer has when it was made now.
    static func answer<T: Sendable>(
        _ request: Request,
        _ json: JSON,
        status: HTTPResponse.Status,
        render: @escaping @Sendable (T) -> JSON,
        headers: (T) -> HTTPFields = { _ in [:] },
        _ perform: (Once<T>?) async throws -> Outcome<T>
    ) async throws -> Response {
        let once = try request.idempotencyKey().map { key in
            Once<T>(key: key, request: Self.canonical(request, json)) { render($0).serialized() }
        }
        switch try await perform(once) {
        case .done(let value):
            var response = Response.json(render(value), status: status)
            for field in headers(value) { response.headers[field.name] = field.value }
            return response
        case .replayed(let bytes):
            var response = Response.json(bytes: bytes, status: status)
            Self.markReplayed(&response)
            return response
        }
    }

    /// Says that an answer is one that was given before.
    static func markReplayed(_ response: inout Response) {
        if let name = HTTPField.Name("Idempotency-Replayed") { response.headers[name] = "true" }
    }

    private static func canonical(_ request: Request, _ json: JSON) -> [UInt8] {
        Array("\(request.method.rawValue) \(request.uri.path)\n".utf8) + json.canonical()
    }

    /// One resource with its ETag.
    static func resource(_ json: JSON, version: Int, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response.json(json, status: status)
        response.headers[.eTag] = "\"\(version)\""
        return response
    }

    /// The headers of a resource that was just made.
    static func created(_ path: String, version: Int) -> HTTPFields {
        [.eTag: "\"\(version)\"", .location: path]
    }

    /// Reads a path parameter as a type; a text that cannot name anything is answered like an unknown id.
    static func parameter<T>(
        _ context: CallerContext,
        _ what: String,
        _ parse: (String) throws -> T
    ) throws(Problem) -> T {
        guard let text = context.origin.parameters.get("id"), let value = try? parse(text) else {
            throw .notFound(what)
        }
        return value
    }
}
