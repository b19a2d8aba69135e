/// The certificate chain and the private key of the server, as files in PEM format.
public struct TLSFiles: Sendable, Hashable {
    /// The certificate of the server, followed by the intermediate certificates.
    public var certificate: String
    /// The private key of the first certificate.
    public var privateKey: String

    /// Names the two files; nothing is read yet.
    public init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }

    // A chain of a few certificates has some 10 KiB; the limit only keeps a wrong path from filling the memory.
    private static let sizeLimit = 1 << 20

    func readCertificate() throws(TLSFileError) -> [UInt8] {
        try Self.read(self.certificate, "tls.certificate").bytes
    }

    func readPrivateKey() throws(TLSFileError) -> [UInt8] {
        let file = try Self.read(self.privateKey, "tls.privateKey")
        guard file.permissions & 0o077 == 0 else {
            throw .privateKeyExposed(path: self.privateKey, permissions: file.permissions)
        }
        return file.bytes
    }

    private static func read(_ path: String, _ setting: String) throws(TLSFileError) -> BoundedFile {
        do {
            return try BoundedFile(path: path, limit: Self.sizeLimit)
        } catch {
            switch error {
            case .missing: throw .missing(setting: setting, path: path)
            case .unreadable(let reason): throw .unreadable(setting: setting, path: path, reason: reason)
            case .tooLarge: throw .unreadable(setting: setting, path: path, reason: "larger than 1 MiB")
            }
        }
    }
}

/// Why the certificate and the key cannot be used.
public enum TLSFileError: Error, Hashable, CustomStringConvertible {
    /// There is no such file.
    case missing(setting: String, path: String)
    /// The file is there but cannot be read.
    case unreadable(setting: String, path: String, reason: String)
    /// Others than the owner may read or write the private key.
    case privateKeyExposed(path: String, permissions: UInt32)
    /// The certificate file holds something else than certificates in PEM format.
    case invalidCertificate(path: String)
    /// The key file holds something else than one unencrypted private key in PEM format.
    case invalidPrivateKey(path: String)
    /// The key is not that of the first certificate.
    case mismatch(certificate: String, privateKey: String)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .missing(let setting, let path):
            return "\(setting): there is no file at \(path)."
        case .unreadable(let setting, let path, let reason):
            return "\(setting): \(path) cannot be read (\(reason))."
        case .privateKeyExposed(let path, let permissions):
            let mode = "0" + String(permissions, radix: 8)
            return "tls.privateKey: \(path) is accessible to other users (mode \(mode)); run: chmod 600 \(path)"
        case .invalidCertificate(let path):
            return "tls.certificate: \(path) must hold certificates in PEM format and nothing else, the server's first."
        case .invalidPrivateKey(let path):
            return "tls.privateKey: \(path) must hold one private key in PEM format, without a passphrase."
        case .mismatch(let certificate, let privateKey):
            return "The private key in \(privateKey) does not belong to the first certificate in \(certificate)."
        }
    }
}
