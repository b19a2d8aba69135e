public import ClavigerCore
import ClavigerService
import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore

/// The one place that turns what went wrong into an answer.
public enum ProblemResponse {
    /// The start of every problem type; `docs/errors.md` explains each.
    public static let typePrefix = "urn:claviger:problem:"

    /// The status code of a kind of problem.
    public static func status(of kind: Problem.Kind) -> HTTPResponse.Status {
        switch kind {
        case .invalidJSON, .invalidRequest: .badRequest
        case .validationFailed, .idempotencyKeyReused: .unprocessableContent
        case .unauthorized: .unauthorized
        case .forbidden, .badSignature, .approvalRequired: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .stateConflict, .alreadyExists: .conflict
        case .preconditionFailed: .preconditionFailed
        case .payloadTooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .rateLimited, .creditsExhausted: .tooManyRequests
        case .requestTimeout: .requestTimeout
        case .internalError: .internalServerError
        case .unavailable, .auditLogInconsistent: .serviceUnavailable
        case .badGateway: .badGateway
        case .gatewayTimeout: .gatewayTimeout
        }
    }

    /// The short name of a kind of problem, for people.
    static func title(of kind: Problem.Kind) -> String {
        switch kind {
        case .invalidJSON: "Invalid JSON"
        case .invalidRequest: "Invalid request"
        case .validationFailed: "Validation failed"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .badSignature: "Bad signature"
        case .approvalRequired: "Approval required"
        case .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .stateConflict: "State conflict"
        case .alreadyExists: "Already exists"
        case .preconditionFailed: "Precondition failed"
        case .payloadTooLarge: "Payload too large"
        case .unsupportedMediaType: "Unsupported media type"
        case .idempotencyKeyReused: "Idempotency key reused"
        case .headersTooLarge: "Header fields too large"
        case .rateLimited: "Too many requests"
        case .creditsExhausted: "Quota exceeded"
        case .requestTimeout: "Request timeout"
        case .internalError: "Internal error"
        case .unavailable: "Unavailable"
        case .auditLogInconsistent: "Audit log inconsistent"
        case .badGateway: "Bad gateway"
        case .gatewayTimeout: "Gateway timeout"
        }
    }

    /// The problem document.
    public static func body(of problem: Problem, requestID: String) -> [UInt8] {
        let body: JSON = [
            "type": .string(Self.typePrefix + problem.kind.rawValue),
            "title": .string(Self.title(of: problem.kind)),
            "status": .integer(Int64(Self.status(of: problem.kind).code)),
            "detail": .string(problem.detail),
            "instance": .string(requestID),
            "errors": problem.violations.isEmpty
                ? nil
                : .array(problem.violations.map(\.publicFields)),
            "neededScope": problem.neededScope.map(JSON.string),
        ]
        return body.serialized()
    }

    /// The answer for a problem.
    public static func response(for problem: Problem, requestID: String) -> Response {
        let body = Self.body(of: problem, requestID: requestID)
        var response = Response.json(bytes: body, status: Self.status(of: problem.kind))
        response.headers[.contentType] = "application/problem+json"
        switch problem.kind {
        case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
        case .forbidden:
            // RFC 6750 section 3.1. A scope needs no quoting: it has neither quotes nor backslashes.
            response.headers[.wwwAuthenticate] =
                "Bearer error=\"insufficient_scope\"" + (problem.neededScope.map { ", scope=\"\($0)\"" } ?? "")
        case .unavailable: response.headers[.retryAfter] = "5"
        default: break
        }
        return response
    }

    /// What the client is told about an error, and what goes into the log instead.
    public static func problem(for error: any Error, _ logger: Logger, requestID: String) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case StoreFailure.unavailable(let cause):
            logger.error("storage is unavailable", metadata: ["requestId": "\(requestID)", "cause": "\(cause)"])
            return Problem(.unavailable, "The server cannot reach its storage now. Nothing was changed; try again.")
        case StoreFailure.duplicate(let cause):
            logger.warning("a unique value was taken", metadata: ["requestId": "\(requestID)", "cause": "\(cause)"])
            return Problem(.alreadyExists, "There is one like it already.")
        case StoreFailure.broken(let cause), StoreFailure.damaged(let cause):
            logger.critical("storage is broken", metadata: ["requestId": "\(requestID)", "cause": "\(cause)"])
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            return Problem(.payloadTooLarge, "The body is larger than this call takes.")
        case let error as any HTTPResponseError where error.status == .notFound:
            return Problem(.notFound, "There is nothing at this path. The paths are in /openapi.yaml.")
        case let error as any HTTPResponseError where error.status.kind == .clientError:
            return Problem(.invalidRequest, "The request is not valid HTTP for this call.")
        default:
            // Only the type: a description may have anything in it.
            logger.error("failed", metadata: ["requestId": "\(requestID)", "type": "\(type(of: error))"])
        }
        return Problem(
            .internalError,
            "Something went wrong in the server; the request id finds it in the server's log."
        )
    }
}

extension Response {
    /// An answer with a JSON body.
    public static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
        .json(bytes: json.serialized(), status: status)
    }

    /// An answer with a body that is JSON already.
    public static func json(bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
