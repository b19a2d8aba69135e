import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// Says for the operator what is wrong with an upstream; nothing that came from outside is in it.
enum UpstreamFailure {
    static func cause(of error: any Error) -> String {
        switch error {
        case UpstreamFault.badCertificateFile(let path): "\(path) has no certificates in PEM format"
        case UpstreamFault.wrongKey: "its certificate has none of the pinned keys"
        case UpstreamFault.badHandshake: "it did not answer a WebSocket handshake as HTTP"
        case UpstreamFault.silent: "it did not answer in time"
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            if error.dnsAError != nil, error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
                "its name cannot be resolved"
            } else if let first = error.connectionErrors.first {
                Self.cause(of: first.error)
            } else {
                "it cannot be reached"
            }
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED: "it refuses connections"
            case ECONNRESET, EPIPE: "it closed the connection"
            default: "it cannot be reached (error \(error.errnoCode))"
            }
        case ChannelError.connectTimeout: "it did not answer in time"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: "its certificate cannot be verified, or TLS failed"
        default: "it failed (\(type(of: error)))"
        }
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
