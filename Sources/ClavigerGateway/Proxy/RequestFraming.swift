import ClavigerCore
import HTTPTypes

/// How long a request's body is; a request that says two things about it is refused (RFC 9112 section 6.3).
///
/// The HTTP codec refuses most of these before. Each is looked for once more, because what one server takes for the
/// end of a request must not be the middle of it for the next one (CWE-444).
enum RequestFraming: Equatable {
    case none
    case length(Int64)
    case unknown

    /// - Parameter mayHaveBodyUnannounced: whether a body can come without a field that says so, as in HTTP/2.
    init(_ fields: HTTPFields, mayHaveBodyUnannounced: Bool) throws(Problem) {
        let lengths = fields[values: .contentLength]
        let codings = fields[values: .transferEncoding]
        guard lengths.count + codings.count <= 1 else { throw Self.ambiguous }
        if let length = lengths.first {
            let digits = length.utf8
            guard (1...18).contains(digits.count),
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int64(length)
            else { throw Self.ambiguous }
            self = count == 0 ? .none : .length(count)
        } else if let coding = codings.first {
            guard coding.lowercased() == "chunked" else { throw Self.ambiguous }
            self = .unknown
        } else {
            self = mayHaveBodyUnannounced ? .unknown : .none
        }
    }

    private static let ambiguous = Problem(
        .invalidRequest,
        "The request must have one Content-Length, or Transfer-Encoding: chunked, and not both."
    )
}
