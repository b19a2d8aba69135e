public import Logging
import NIOCertificateReloading
public import NIOSSL
public import ServiceLifecycle
import Synchronization

/// The server's certificate and key, read again from their files while the server runs.
///
/// New connections get what the files held at the last reading. A pair that cannot be used is reported once and
/// ignored: the server goes on with the last good one, since refusing every client would help nobody.
///
///     let certificates = try TLSCertificates(files: files, logger: logger)
///     // certificates.configuration() → the server; certificates → the service group
public final class TLSCertificates: Service {
    private let reloader: TimedCertificateReloader

    /// Reads the files and checks that they belong together.
    ///
    /// - Parameters:
    ///   - files: where the certificate and the key are.
    ///   - reloadInterval: how long a change of the files may go unnoticed.
    ///   - logger: is told of each new certificate and of each new failure.
    public init(files: TLSFiles, reloadInterval: Duration = .seconds(30), logger: Logger) throws(TLSFileError) {
        let report = ReloadReport(files: files, logger: logger)
        let configuration = TimedCertificateReloader.Configuration(
            refreshInterval: reloadInterval,
            certificateSource: .init(location: .memory { try files.readCertificate() }, format: .pem),
            privateKeySource: .init(location: .memory { try files.readPrivateKey() }, format: .pem)
        ) {
            $0.onCertificateLoaded = { report.loaded($0) }
            $0.onCertificateLoadFailed = { report.failed($0.error) }
        }
        self.reloader = TimedCertificateReloader(configuration: configuration)
        do {
            try self.reloader.reload()
        } catch {
            throw TLSFileError(error, files: files)
        }
        report.hasStarted()
    }

    /// Settings for the server: TLS 1.2 or later, and whatever the files hold when a client connects.
    public func configuration() throws -> TLSConfiguration {
        var configuration = try TLSConfiguration.makeServerConfiguration(certificateReloader: self.reloader)
        configuration.minimumTLSVersion = .tlsv12
        // For TLS 1.2 only forward secrecy with authenticated encryption (RFC 9325 section 4.2); NIOSSL's default also
        // has CBC suites and RSA key exchange. The suites of TLS 1.3 are all good and not configurable.
        configuration.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        return configuration
    }

    /// Reads the files now.
    ///
    /// A failure is reported to the log, and the last good pair stays in use.
    public func reload() {
        // The failure reaches the log through the reloader's callback.
        try? self.reloader.reload()
    }

    /// Reads the files again at the interval, until the server shuts down.
    public func run() async throws {
        try await self.reloader.run()
    }
}

/// Tells the log about changes, and about a failure only once: the same broken file is read again and again.
private final class ReloadReport: Sendable {
    private struct State {
        var started = false
        var lastFailure: TLSFileError?
    }

    private let files: TLSFiles
    private let logger: Logger
    // Touched by whoever reloads; the logger is called outside of it.
    private let state = Mutex(State())

    init(files: TLSFiles, logger: Logger) {
        self.files = files
        self.logger = logger
    }

    /// From here on failures are logged; before, they are thrown to whoever starts the server.
    func hasStarted() {
        self.state.withLock { $0.started = true }
    }

    func loaded(_ change: TimedCertificateReloader.CertificateChainAndKeyPairReloadDiff) {
        let recovered = self.state.withLock { state in
            defer { state.lastFailure = nil }
            return state.lastFailure != nil
        }
        guard let previous = change.previousCertificateChain else { return }
        guard recovered || previous != change.currentCertificateChain else { return }
        self.logger.info("TLS certificate reloaded", metadata: ["certificate": "\(self.files.certificate)"])
    }

    func failed(_ error: any Error) {
        let failure = TLSFileError(error, files: self.files)
        let isNew = self.state.withLock { state in
            defer { state.lastFailure = failure }
            return state.started && state.lastFailure != failure
        }
        guard isNew else { return }
        self.logger.error(
            "TLS certificate not reloaded, the previous one stays in use",
            metadata: ["reason": "\(failure)"]
        )
    }
}

extension TLSFileError {
    init(_ error: any Error, files: TLSFiles) {
        if let error = error as? TLSFileError {
            self = error
        } else if (error as? TimedCertificateReloader.Error) == .publicKeyMismatch {
            self = .mismatch(certificate: files.certificate, privateKey: files.privateKey)
        } else if Self.isCertificate(files) {
            self = .invalidPrivateKey(path: files.privateKey)
        } else {
            self = .invalidCertificate(path: files.certificate)
        }
    }

    /// Which of the two files is at fault: the parsers' errors do not say it.
    private static func isCertificate(_ files: TLSFiles) -> Bool {
        guard let bytes = try? files.readCertificate() else { return false }
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(bytes), !chain.isEmpty else { return false }
        // NIOSSL skips what is not a certificate, e.g. the key in the same file; the reloader does not.
        let blocks = String(decoding: bytes, as: UTF8.self).split(separator: "\n").count { $0.hasPrefix("-----BEGIN ") }
        return blocks == chain.count
    }
}
