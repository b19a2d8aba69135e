public import NIOSSL

/// The authorities whose certificates a client must show, from a file in PEM format.
///
/// Read once, when the server starts.
public struct ClientAuthorities: Sendable {
    // A bundle of all public authorities has some 250 KiB.
    private static let sizeLimit = 1 << 20

    private let certificates: [NIOSSLCertificate]

    /// Reads the file.
    ///
    /// - Parameter setting: the name of the setting that names the file, for messages.
    public init(path: String, setting: String) throws(ClientAuthoritiesError) {
        let file: BoundedFile
        do {
            file = try BoundedFile(path: path, limit: Self.sizeLimit)
        } catch {
            switch error {
            case .missing: throw ClientAuthoritiesError("\(setting): there is no file at \(path).")
            case .unreadable(let reason):
                throw ClientAuthoritiesError("\(setting): \(path) cannot be read (\(reason)).")
            case .tooLarge: throw ClientAuthoritiesError("\(setting): \(path) cannot be read (larger than 1 MiB).")
            }
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(file.bytes), !certificates.isEmpty else {
            throw ClientAuthoritiesError("\(setting): \(path) must hold certificates of authorities in PEM format.")
        }
        self.certificates = certificates
    }

    /// Makes a server refuse every client that has no certificate of these authorities.
    public func require(in configuration: inout TLSConfiguration) {
        configuration.trustRoots = .certificates(self.certificates)
        // Clients have no host name that could be compared.
        configuration.certificateVerification = .noHostnameVerification
    }
}

/// Why the authorities of clients cannot be used.
public struct ClientAuthoritiesError: Error, Hashable, CustomStringConvertible {
    /// One sentence that says what to change.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
