import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerWebhooks
import Hummingbird
import NIOSSL
import Testing

/// Certificates are checked for the name, although the connection goes to an address.
@Suite struct EncryptionTests {
    private func makeCertificate(_ name: String, _ folder: TemporaryFolder) async throws -> TLSConfiguration {
        let (certificate, key) = ("\(folder.path)/\(name).crt", "\(folder.path)/\(name).key")
        let arguments = [
            "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)",
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", certificate,
        ]
        let process = try ChildProcess("/usr/bin/env", ["openssl"] + arguments)
        let status = await process.wait()
        #expect(status == 0, "\(process.errorText)")
        return TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        )
    }

    @Test func theCertificateMustBeTrustedAndForTheName() async throws {
        let folder = try TemporaryFolder()
        let tls = try await self.makeCertificate("hooks.example.com", folder)
        let trusted = try NIOSSLCertificate.fromPEMFile("\(folder.path)/hooks.example.com.crt")
        let inbox = HookServer.Inbox()
        let server = try await HookServer.start(tls: tls, inbox: inbox) { _, _ in Response(status: .ok) }
        let policy = EventPolicy(addresses: AddressGuard(allowed: [try CIDR(parsing: "127.0.0.1/32")]))
        func send(to host: String, _ authorities: [NIOSSLCertificate]) async throws -> SendResult {
            let sender = WebhookSender(
                WebhookSender.Configuration(policy: policy, timeout: .seconds(10), authorities: authorities),
                resolver: AnyResolver(["127.0.0.1"])
            )
            let result = await sender.send(try .test(to: "https://\(host):\(server.port)/"))
            await sender.close()
            return result
        }
        #expect(try await send(to: "hooks.example.com", trusted) == .answered(status: 200, retryAfter: nil))
        #expect(try await send(to: "other.example.com", trusted) == .failed(.encryptionFailed))
        #expect(try await send(to: "127.0.0.1", trusted) == .failed(.encryptionFailed))
        #expect(try await send(to: "hooks.example.com", []) == .failed(.encryptionFailed))
        #expect(inbox.all.count == 1)
        try await server.stop()
    }
}
