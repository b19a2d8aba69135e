import Testing

@testable import ClavigerHTTP

@Suite
struct TLSCertificatesTests {
    private func refusal(_ files: TLSFiles) -> TLSFileError? {
        do {
            _ = try TLSCertificates(files: files, logger: LogRecord().logger())
            return nil
        } catch {
            return error
        }
    }

    @Test
    func refusesWhatCannotBeUsed() async throws {
        let folder = try TestFolder()
        let (certificate, key) = try await OpenSSL.makeCertificate(named: "one", in: folder)
        let other = try await OpenSSL.makeCertificate(named: "two", in: folder)
        #expect(self.refusal(.init(certificate: certificate, privateKey: key)) == nil)

        let absent = folder.path("absent")
        #expect(
            self.refusal(.init(certificate: absent, privateKey: key))
                == .missing(setting: "tls.certificate", path: absent)
        )
        #expect(
            self.refusal(.init(certificate: certificate, privateKey: absent))
                == .missing(setting: "tls.privateKey", path: absent)
        )
        #expect(
            self.refusal(.init(certificate: folder.path(""), privateKey: key))?.description
                .contains("cannot be read") == true
        )
        #expect(
            self.refusal(.init(certificate: certificate, privateKey: other.key))
                == .mismatch(certificate: certificate, privateKey: other.key)
        )
        let noise = folder.path("noise")
        try folder.write("not a pem file", to: noise)
        #expect(
            self.refusal(.init(certificate: noise, privateKey: key)) == .invalidCertificate(path: noise)
        )
        #expect(
            self.refusal(.init(certificate: certificate, privateKey: noise)) == .invalidPrivateKey(path: noise)
        )
        #expect(
            self.refusal(.init(certificate: certificate, privateKey: certificate))
                == .privateKeyExposed(path: certificate, permissions: 0o644)
        )
        try folder.setMode(0o600, of: certificate)
        #expect(
            self.refusal(.init(certificate: certificate, privateKey: certificate))
                == .invalidPrivateKey(path: certificate)
        )
        #expect(self.refusal(.init(certificate: key, privateKey: key)) == .invalidCertificate(path: key))
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o601])
    func refusesAnExposedKey(mode: Int) async throws {
        let folder = try TestFolder()
        let (certificate, key) = try await OpenSSL.makeCertificate(named: "one", in: folder)
        try folder.setMode(mode, of: key)
        let refusal = try #require(self.refusal(.init(certificate: certificate, privateKey: key)))
        #expect(refusal == .privateKeyExposed(path: key, permissions: UInt32(mode)))
        #expect(refusal.description.contains("chmod 600 \(key)"))
    }

    @Test
    func badFilesAreReportedOnceAndIgnored() async throws {
        let folder = try TestFolder()
        let first = try await OpenSSL.makeCertificate(named: "first", in: folder)
        let second = try await OpenSSL.makeCertificate(named: "second", in: folder)
        let files = TLSFiles(certificate: folder.path("live.crt"), privateKey: folder.path("live.key"))
        try folder.copy(first.certificate, to: files.certificate)
        try folder.copy(first.key, to: files.privateKey)
        let log = LogRecord()
        let certificates = try TLSCertificates(files: files, logger: log.logger())

        certificates.reload()
        #expect(log.all.isEmpty)

        try folder.copy(second.certificate, to: files.certificate)
        certificates.reload()
        certificates.reload()
        #expect(log.all.count == 1)
        #expect(log.all.last?.hasPrefix("error ") == true)
        #expect(log.all.last?.contains("does not belong") == true)

        try folder.copy(second.key, to: files.privateKey)
        certificates.reload()
        #expect(log.all.count == 2)
        #expect(log.all.last?.hasPrefix("info ") == true)

        try folder.setMode(0o644, of: files.privateKey)
        certificates.reload()
        #expect(log.all.count == 3)
        #expect(log.all.last?.contains("chmod 600") == true)
    }
}
