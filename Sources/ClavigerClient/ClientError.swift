public import ClavigerCore

/// Why a call did not give an answer.
public enum ClientError: Error, Sendable, Hashable {
    /// The settings cannot be used; says what to change.
    case invalidSettings(String)
    /// A management key would travel in clear text to another machine.
    case insecure(ServerURL)
    /// No connection, or no answer in time; says why.
    case unreachable(ServerURL, reason: String)
    /// The server refused the request.
    case refused(ClientProblem)
    /// Something answered, and not as a Claviger server does.
    case unexpected(ServerURL, reason: String)
    /// An answer that is read piece by piece ended before its end; says why.
    case interrupted(ServerURL, reason: String)
}

extension ClientError: CustomStringConvertible {
    /// What happened, in a sentence.
    public var description: String {
        switch self {
        case .invalidSettings(let message): message
        case .insecure(let url): "Refusing to send a management key in clear text to \(url)."
        case .unreachable(let url, let reason): "The server at \(url) cannot be reached: \(reason)."
        case .refused(let problem): problem.detail
        case .unexpected(let url, let reason): "\(url) does not answer like a Claviger server: \(reason)."
        case .interrupted(let url, let reason):
            "The answer of \(url) is not complete, as the connection was lost: \(reason)."
        }
    }
}

/// What the server says about a refused request (RFC 9457).
public struct ClientProblem: Sendable, Hashable {
    /// The last part of the problem's type, for example `validation-failed`; see `docs/errors.md`.
    public var slug: String
    /// The kind of problem, for a person.
    public var title: String
    /// The HTTP status.
    public var status: Int
    /// What to change, for a person.
    public var detail: String
    /// Everything that is wrong with the values of the request.
    public var errors: [Violation]
    /// The scope that the management key would need.
    public var neededScope: String?
    /// The id under which the server logged the request.
    public var requestID: String?

    /// Reads a problem document; nil when the body is not one.
    init?(status: Int, body: JSON) {
        let prefix = "urn:claviger:problem:"
        guard let type = body["type"]?.string, type.hasPrefix(prefix) else { return nil }
        self.slug = String(type.dropFirst(prefix.count))
        self.title = body["title"]?.string ?? self.slug
        self.status = status
        self.detail = body["detail"]?.string ?? self.title
        self.errors = (body["errors"]?.array ?? []).compactMap { error in
            error["message"]?.string.map {
                Violation(
                    error["pointer"]?.string ?? "",
                    $0,
                    rule: error["rule"]?.string,
                    policy: error["policy"]?.string
                )
            }
        }
        self.neededScope = body["neededScope"]?.string
        self.requestID = body["instance"]?.string
    }
}
