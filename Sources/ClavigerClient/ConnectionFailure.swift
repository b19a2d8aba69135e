import AsyncHTTPClient
import ClavigerCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Says in words why there was no connection; the libraries' own texts are for programmers.
enum ConnectionFailure {
    static func reason(for error: any Error, timeout: Duration) -> String {
        switch error {
        case let error as HTTPClientError:
            return Self.reason(error, timeout: timeout)
        case let error as NIOConnectionError:
            // One error for each address of the name; the last one is as good as any.
            if let last = error.connectionErrors.last { return Self.reason(for: last.error, timeout: timeout) }
            return error.dnsAError != nil || error.dnsAAAAError != nil
                ? "there is no address for the name \(error.host)" : "no connection could be made"
        case let error as IOError:
            return Self.reason(errno: error.errnoCode)
        case is HTTPParserError:
            return "what it sent is not HTTP, or not all of it"
        case is ChannelError:
            return "no connection could be made in time"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "its certificate is for another name"
        case let error where error is NIOSSLError || error is BoringSSLError:
            return "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
                ? "its certificate is not trusted (give the authority's with --ca-file)"
                : "no encrypted connection could be made (is it http instead of https?)"
        default:
            return "\(type(of: error))"
        }
    }

    private static func reason(_ error: HTTPClientError, timeout: Duration) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            "it did not answer within \(DurationText.text(for: timeout))"
        case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
            "no connection could be made in time"
        case .remoteConnectionClosed, .uncleanShutdown:
            "it closed the connection without an answer"
        default:
            error.shortDescription
        }
    }

    private static func reason(errno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "nothing listens there (connection refused)"
        case ECONNRESET, EPIPE: "it closed the connection without an answer"
        default: String(cString: strerror(code))
        }
    }
}
