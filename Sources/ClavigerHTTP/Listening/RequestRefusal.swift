import HTTPTypes
import NIOHTTP1

/// Why a request is refused before the application sees it whole.
public enum RequestRefusal: Sendable, Hashable {
    /// The request had not arrived after this time.
    case timedOut(after: Duration)
    /// The header has too many lines or bytes.
    case headersTooLarge
    /// What arrived is not HTTP; the reason is a fixed text and repeats nothing that the client sent.
    case malformed(reason: String)

    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow: self = .headersTooLarge
        case .invalidEOFState: self = .malformed(reason: "the connection was closed before the request was complete")
        default: self = .malformed(reason: error.debugDescription)
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .timedOut: .requestTimeout
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .malformed: .badRequest
        }
    }

    /// The problem document of the answer (RFC 9457).
    ///
    /// Put together by hand: the texts are fixed and have nothing in them that JSON would have to escape.
    var problem: String {
        let (slug, title, detail) =
            switch self {
            case .timedOut(let limit):
                (
                    "request-timeout", "Request timeout",
                    "The request had not arrived completely after \(limit.components.seconds) s."
                )
            case .headersTooLarge:
                (
                    "headers-too-large", "Headers too large",
                    "The request header has too many lines or bytes; send fewer or shorter header fields."
                )
            case .malformed(let reason):
                ("invalid-request", "Invalid request", "The request is not valid HTTP: \(reason).")
            }
        return #"{"type":"urn:claviger:problem:\#(slug)","title":"\#(title)","status":\#(self.status.code),"#
            + #""detail":"\#(detail)"}"#
    }
}
