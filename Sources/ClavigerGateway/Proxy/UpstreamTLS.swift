import NIOCore
import NIOSSL

/// How an upstream has to prove who it is: its certificate is always verified, and its key as well if pins are given.
public struct UpstreamTLS: Hashable, Sendable {
    /// The certificates that the upstream's is verified with, in PEM format; nil for the system's.
    public var caFile: String?
    /// The public keys that the upstream's certificate may have; any if there are none.
    public var pins: [SPKIPin]

    /// The system's certificates and any key, unless told otherwise.
    public init(caFile: String? = nil, pins: [SPKIPin] = []) {
        self.caFile = caFile
        self.pins = pins
    }

    /// The settings for a client.
    ///
    /// - Throws: what is wrong with the file.
    func configuration() throws(UpstreamFault) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        guard let caFile else { return configuration }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(caFile), !certificates.isEmpty else {
            throw .badCertificateFile(path: caFile)
        }
        configuration.trustRoots = .certificates(certificates)
        return configuration
    }

    /// Fails a connection whose certificate has none of the pinned keys, and closes it.
    ///
    /// To be called when the handshake is done, before anything is sent; the certificate has been verified by then.
    static func check(_ pins: [SPKIPin], _ channel: any Channel) -> EventLoopFuture<Void> {
        guard !pins.isEmpty else { return channel.eventLoop.makeSucceededVoidFuture() }
        return channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
            guard let certificate, pins.contains(try SPKIPin(certificate)) else {
                channel.close(promise: nil)
                throw UpstreamFault.wrongKey
            }
        }
    }
}

/// Why an upstream cannot be used.
public enum UpstreamFault: Error, Hashable {
    /// The file with certificates cannot be read, or has none.
    case badCertificateFile(path: String)
    /// The upstream's certificate has none of the pinned keys.
    case wrongKey
    /// The upstream's answer to a WebSocket handshake is none.
    case badHandshake
    /// The upstream has not answered in time.
    case silent
}
