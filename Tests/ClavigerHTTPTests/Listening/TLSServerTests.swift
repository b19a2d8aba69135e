import Foundation
import NIOCore
import NIOSSL
import Testing

@testable import ClavigerHTTP

@Suite
struct TLSServerTests {
    @Test(arguments: ["ec", "rsa"])
    func protocolVersionsAndSuites(key: String) async throws {
        let folder = try TestFolder()
        let (certificate, key) = try await OpenSSL.makeCertificate(named: "one", in: folder, key: key)
        let certificates = try TLSCertificates(
            files: .init(certificate: certificate, privateKey: key),
            logger: LogRecord().logger()
        )
        try await withServer(tls: try certificates.configuration()) { port, _ in
            for old in ["-tls1", "-tls1_1"] {
                let refused = try await OpenSSL.connect(port: port, old, "-cipher", "ALL:@SECLEVEL=0")
                #expect(refused.status != 0)
                // The server's own alert, not the client's policy.
                #expect(refused.text.contains("alert protocol version"), "\(refused.text)")
            }
            let tls12 = try await OpenSSL.connect(port: port, "-tls1_2", "-alpn", "h2,http/1.1")
            #expect(tls12.text.contains("New, TLSv1.2, Cipher is ECDHE-"))
            #expect(tls12.text.contains("ALPN protocol: h2"))
            let tls13 = try await OpenSSL.connect(port: port, "-tls1_3", "-alpn", "http/1.1")
            #expect(tls13.text.contains("New, TLSv1.3"))
            #expect(tls13.text.contains("ALPN protocol: http/1.1"))
            for weak in ["ECDHE+AES:!AESGCM:!AESCCM", "kRSA"] {
                let refused = try await OpenSSL.connect(port: port, "-tls1_2", "-cipher", weak + ":@SECLEVEL=0")
                #expect(refused.text.contains("alert handshake failure"), "\(weak): \(refused.text)")
            }
        }
    }

    @Test
    func newCertificateIsServedWithoutARestart() async throws {
        let folder = try TestFolder()
        let first = try await OpenSSL.makeCertificate(named: "first", in: folder)
        let second = try await OpenSSL.makeCertificate(named: "second", in: folder)
        let files = TLSFiles(certificate: folder.path("live.crt"), privateKey: folder.path("live.key"))
        try folder.copy(first.certificate, to: files.certificate)
        try folder.copy(first.key, to: files.privateKey)
        let certificates = try TLSCertificates(
            files: files,
            reloadInterval: .milliseconds(20),
            logger: LogRecord().logger()
        )
        // The service runs, so that the files are read without anybody asking.
        try await withServer(tls: try certificates.configuration(), services: [certificates]) { port, _ in
            #expect(try await OpenSSL.connect(port: port).text.contains("CN = first"))
            try folder.write("broken", to: files.certificate)
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await OpenSSL.connect(port: port).text.contains("CN = first"))
            try folder.copy(second.certificate, to: files.certificate)
            try folder.copy(second.key, to: files.privateKey)
            var served = ""
            for _ in 0..<100 where !served.contains("CN = second") {
                served = try await OpenSSL.connect(port: port).text
            }
            #expect(served.contains("CN = second"))
        }
    }

    // The same answers, without the header fields that HTTP/2 forbids. The client is curl.
    @Test
    func refusalsOverHTTP2() async throws {
        let folder = try TestFolder()
        let (certificate, key) = try await OpenSSL.makeCertificate(named: "one", in: folder)
        let certificates = try TLSCertificates(
            files: .init(certificate: certificate, privateKey: key),
            logger: LogRecord().logger()
        )
        let limits = RequestLimits(arrival: .milliseconds(300))
        try await withServer(tls: try certificates.configuration(), limits: limits) { port, refusals in
            let url = "https://127.0.0.1:\(port)"
            let curl = ["curl", "-sk", "-i", "--http2", "--max-time", "10"]
            let fine = try await OpenSSL.run(curl + ["-d", "abc", "\(url)/echo"])
            #expect(fine.text.hasPrefix("HTTP/2 200"))
            let headers = (0..<101).flatMap { ["-H", "x-\($0): 1"] }
            let many = try await OpenSSL.run(curl + headers + ["\(url)/hello"])
            #expect(many.text.hasPrefix("HTTP/2 431"))
            #expect(many.text.contains("urn:claviger:problem:headers-too-large"))
            // By hand, since curl does not listen while it waits for the body it is to send: the preface, empty
            // SETTINGS, and HEADERS for `POST /echo` (RFC 9113, RFC 7541 appendix A) without the end of the stream.
            var client = TLSConfiguration.makeClientConfiguration()
            client.certificateVerification = .none
            client.applicationProtocols = ["h2"]
            let slow = try await exchange(port: port, tls: client) { writer in
                var bytes = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                bytes.writeBytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
                bytes.writeBytes([0, 0, 12, 1, 4, 0, 0, 0, 1, 0x83, 0x87, 0x04, 5])
                bytes.writeString("/echo")
                bytes.writeBytes([0x01, 1, UInt8(ascii: "a")])
                try await writer.write(bytes)
                while refusals.all.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
                try await Task.sleep(for: .milliseconds(100))
                writer.finish()
            }
            #expect(slow.contains("urn:claviger:problem:request-timeout"))
            #expect(refusals.all == [.headersTooLarge, .timedOut(after: .milliseconds(300))])
        }
    }

    @Test
    func unfinishedHandshakeIsClosed() async throws {
        let folder = try TestFolder()
        let (certificate, key) = try await OpenSSL.makeCertificate(named: "one", in: folder)
        let certificates = try TLSCertificates(
            files: .init(certificate: certificate, privateKey: key),
            logger: LogRecord().logger()
        )
        let limits = RequestLimits(handshake: .milliseconds(200))
        try await withServer(tls: try certificates.configuration(), limits: limits) { port, _ in
            // Returns only because the server closes, which may reach the client as a reset.
            do {
                let text = try await exchange(port: port) { try await $0.write(ByteBuffer(bytes: [22, 3, 1])) }
                #expect(text.isEmpty)
            } catch let error as IOError {
                #expect(error.errnoCode == ECONNRESET)
            }
        }
    }
}
