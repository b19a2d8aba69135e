import ClavigerCore
import ClavigerHTTP
import ClavigerTestSupport
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import ClavigerEnvoy

@Suite("The port on which Envoy asks")
struct ListenerTests {
    @Test func health() async throws {
        try await EnvoyFixture.run { envoy in
            let service = "envoy.service.auth.v3.Authorization"
            let calls = [
                envoy.call("health", ""), envoy.call("health", service), envoy.call("health", "elsewhere"),
                envoy.call("watch", service), envoy.call("watch", "elsewhere"),
            ]
            let ready = try await EnvoyClient.run(calls)
            #expect(
                ready.map { $0.response["status"] ?? $0.json["error"] } == [
                    "SERVING", "SERVING", "NOT_FOUND", "SERVING", "SERVICE_UNKNOWN",
                ]
            )
            envoy.isReady.value = false
            let away = try await EnvoyClient.run(calls)
            #expect(
                away.map { $0.response["status"] ?? $0.json["error"] } == [
                    "NOT_SERVING", "NOT_SERVING", "NOT_FOUND", "NOT_SERVING", "SERVICE_UNKNOWN",
                ]
            )
        }
    }

    @Test func clientsNeedACertificate() async throws {
        let folder = try TemporaryFolder()
        let server = try await TestCertificates.selfSigned("server", in: folder)
        let authority = try await TestCertificates.selfSigned("authority", in: folder)
        let edge = try await TestCertificates.signed("edge", by: authority, in: folder)
        let stranger = try await TestCertificates.selfSigned("stranger", in: folder)
        let certificates = try TLSCertificates(
            files: TLSFiles(certificate: server.certificate, privateKey: server.key),
            logger: RecordedLog().logger()
        )
        var tls = try certificates.configuration()
        try ClientAuthorities(path: authority.certificate, setting: "envoy.clientCA").require(in: &tls)
        @Sendable func shown(_ pair: TestCertificates.Pair?) -> JSON {
            guard let pair else { return ["ca": .string(server.certificate)] }
            return [
                "ca": .string(server.certificate), "certificate": .string(pair.certificate), "key": .string(pair.key),
            ]
        }
        let configuration = tls
        try await EnvoyFixture.run(tls: configuration) { envoy in
            try await envoy.makeCatalogue()
            let key = try await envoy.makeKey()
            let fields = ["authorization": "Bearer \(key.token)"]
            let answers = try await EnvoyClient.run([
                envoy.check(fields, tls: shown(edge)), envoy.call("health", "", tls: shown(edge)),
                envoy.check(fields, tls: shown(nil)), envoy.call("health", "", tls: shown(nil)),
                envoy.check(fields, tls: shown(stranger)), envoy.check(fields), envoy.check(fields, tls: shown(edge)),
            ])
            #expect(answers[0].code == 0)
            #expect(answers[1].response["status"] == "SERVING")
            #expect(answers[2...5].map(\.error) == ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"])
            // Those who were refused have not harmed the others.
            #expect(answers[6].code == 0)
        }
    }

    @Test func tlsWithoutClientCertificates() async throws {
        let folder = try TemporaryFolder()
        let server = try await TestCertificates.selfSigned("server", in: folder)
        let certificates = try TLSCertificates(
            files: TLSFiles(certificate: server.certificate, privateKey: server.key),
            logger: RecordedLog().logger()
        )
        try await EnvoyFixture.run(tls: try certificates.configuration()) { envoy in
            let tls: JSON = ["ca": .string(server.certificate)]
            let answers = try await EnvoyClient.run([envoy.call("health", "", tls: tls), envoy.call("health", "")])
            #expect(answers[0].response["status"] == "SERVING")
            #expect(answers[1].error == "UNAVAILABLE")
        }
    }

    @Test(arguments: ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func authoritiesThatCannotBeRead(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ca.pem"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ClientAuthoritiesError.self) {
            try ClientAuthorities(path: path, setting: "envoy.clientCA")
        }
        #expect(error?.description.hasPrefix("envoy.clientCA: ") == true)
        #expect(throws: ClientAuthoritiesError.self) {
            try ClientAuthorities(path: path + ".missing", setting: "envoy.clientCA")
        }
    }

    /// Connections that break off or speak something else end alone.
    @Test(arguments: [false, true])
    func brokenConnectionsHarmNobody(usesTLS: Bool) async throws {
        let folder = try TemporaryFolder()
        let server = try await TestCertificates.selfSigned("server", in: folder)
        let certificates = try TLSCertificates(
            files: TLSFiles(certificate: server.certificate, privateKey: server.key),
            logger: RecordedLog().logger()
        )
        try await EnvoyFixture.run(tls: usesTLS ? try certificates.configuration() : nil) { envoy in
            let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            let messages = [
                "", "GET / HTTP/1.1\r\n\r\n", preface, preface + String(repeating: "\u{0}", count: 100),
                "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", String(repeating: "x", count: 100_000),
            ]
            for round in 0..<60 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: envoy.port).get()
                if round.isMultiple(of: 2), let options = channel as? any SocketOptionProvider {
                    // Closing then resets the connection, while the server may still be answering.
                    try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                }
                try? await channel.writeAndFlush(ByteBuffer(string: messages[round % messages.count]))
                try? await channel.close()
            }
            let tls: JSON? = usesTLS ? ["ca": .string(server.certificate)] : nil
            let answers = try await EnvoyClient.run([envoy.call("health", "", tls: tls)])
            #expect(answers[0].response["status"] == "SERVING")
        }
    }

    @Test func connectionsAreCounted() async throws {
        try await EnvoyFixture.run(connections: 3) { envoy in
            var open: [any Channel] = []
            for _ in 0..<3 {
                open.append(
                    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .connect(host: "127.0.0.1", port: envoy.port).get()
                )
            }
            let refused = try await EnvoyClient.run([envoy.call("health", "")])
            #expect(refused[0].error == "UNAVAILABLE")
            for channel in open {
                // Other tests' children have inherited these sockets: closing alone would not tell the server.
                try await channel.close(mode: .output)
                try await channel.close()
            }
            let accepted = try await EnvoyClient.run([envoy.call("health", "")])
            #expect(accepted[0].response["status"] == "SERVING", "\(accepted[0].json)")
        }
    }

    @Test func aPortInUseIsNamed() async throws {
        try await EnvoyFixture.run { envoy in
            let error = await #expect(throws: EnvoyListenFailure.self) {
                try await EnvoyFixture.listener(envoy.test, port: envoy.port).run()
            }
            #expect(error?.description.contains("envoy.port") == true)
            #expect(error?.description.contains("127.0.0.1:\(envoy.port)") == true)
        }
    }
}
