import ArgumentParser
import ClavigerCore
import ClavigerHTTP
import ClavigerStore
import Foundation
import Logging
import Metrics

/// Runs the server: `claviger serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the key authority.",
        discussion: """
            On an empty data folder everything is made: the database, the root key, and the first management key in \
            FOLDER/first-management-key, which only you can read. Keep the root key and the database apart in backups: \
            neither is of use without the other.

            Beyond this machine the server speaks TLS only, unless a proxy in front of it does \
            (--trusted-plaintext).

            Examples:
              claviger serve --data ./data
              claviger serve --ephemeral --port 0
              claviger serve --config /etc/claviger/claviger.yaml
              claviger serve --data /var/lib/claviger --host 0.0.0.0 --port 8443 \\
                --tls-certificate cert.pem --tls-key key.pem
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        try await Self.serve(try ServerConfiguration.load(self.options))
    }

    /// Runs a server in this process, to its end.
    static func serve(_ configuration: ServerConfiguration) async throws {
        ProcessHardening.apply()
        HeapArenas.keepFew()
        FileDescriptors.raiseLimit()
        let help = [RequestMetrics.help, GapReport.help, JobMetrics.help, AuditMetrics.help, WitnessMetrics.help]
        let metrics = PrometheusExporter(help: help.reduce(into: [:]) { $0.merge($1) { $1 } })
        MetricsSystem.bootstrap(metrics)
        var logger = Logger(label: "claviger") { label in
            switch configuration.log.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler(label: label, time: SystemTime())
            }
        }
        logger.logLevel = configuration.log.level
        try await Server(configuration: configuration, metrics: metrics, logger: logger).run { url, firstKeyPath in
            Self.greet(url, firstKeyPath, isEphemeral: configuration.data.isEphemeral)
        } onProxyReady: { url in
            FileHandle.standardOutput.write(Data("claviger passes requests on from \(url)\n".utf8))
        }
    }

    /// Tells a person that the server is ready and what to do next.
    ///
    /// No secret is in it.
    private static func greet(_ url: String, _ firstKeyPath: String?, isEphemeral: Bool) {
        var text = "claviger is ready on \(url)\n"
        if isEphemeral { text += "Everything is in memory only and is gone when the server stops.\n" }
        if let firstKeyPath {
            text += """

                The first management key is in \(firstKeyPath) (mode 0600).
                It may do everything: make narrower ones for daily work and keep it safe.

                Try, in another terminal:

                  export CLAVIGER_URL=\(url) CLAVIGER_TOKEN="$(cat \(firstKeyPath))"
                  claviger api create payments --prefix pay --scope invoices.read
                  claviger consumer create acme --kind customer
                  claviger key create "Acme production" --api payments --environment production \\
                    --consumer acme --scope invoices.read

                """
        }
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}

/// What the process does to itself so that secrets do not leave its memory.
enum ProcessHardening {
    /// No core dumps: they would have the root key and tokens in them.
    static func apply() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        #else
        setrlimit(RLIMIT_CORE, &limit)
        #endif
    }
}
