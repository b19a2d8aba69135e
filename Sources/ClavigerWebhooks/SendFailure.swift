import AsyncHTTPClient
import ClavigerCore
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Says which of the known failures an error of the libraries is.
enum SendFailure {
    static func failure(of error: any Error) -> Delivery.Failure {
        switch error {
        case let error as HTTPClientError: Self.failure(error)
        case is NIOConnectionError, is ChannelError: .connectionFailed
        case let error as IOError: Self.failure(errno: error.errnoCode)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: .encryptionFailed
        case is CancellationError: .timedOut
        default: .brokenAnswer
        }
    }

    private static func failure(_ error: HTTPClientError) -> Delivery.Failure {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .connectionFailed
        case .tlsHandshakeTimeout: .encryptionFailed
        case .deadlineExceeded, .readTimeout, .writeTimeout, .cancelled: .timedOut
        default: .brokenAnswer
        }
    }

    /// Only what comes before anything was sent is a failure to connect.
    private static func failure(errno code: CInt) -> Delivery.Failure {
        switch code {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EADDRNOTAVAIL: .connectionFailed
        default: .brokenAnswer
        }
    }
}
