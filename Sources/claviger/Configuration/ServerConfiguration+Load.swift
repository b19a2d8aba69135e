import ClavigerCore
import ClavigerHTTP
import ClavigerService
import ClavigerVerifier
import Foundation
import Logging

extension ServerConfiguration {
    /// The variable that names the file.
    static let fileVariable = "CLAVIGER_CONFIG"

    /// Variables that are not settings: of the client, of the root key, and of the build.
    static let otherVariables: Set<String> = [
        fileVariable, "CLAVIGER_URL", "CLAVIGER_TOKEN", "CLAVIGER_PROFILE", "CLAVIGER_ROOT_KEY",
        "CLAVIGER_PASSPHRASE", "CLAVIGER_BIN", "CLAVIGER_WARNINGS_AS_ERRORS",
    ]

    /// The name of the folder when nobody gives one.
    static let defaultDirectory = "claviger-data"

    /// A setting as it turned out, and who said so.
    struct Entry: Sendable, Hashable {
        var key: SettingKey
        /// Nil when it has no value and no default.
        var value: String?
        /// `default`, the file with the line, the variable or the flag.
        var source: String
    }

    /// Reads the defaults, the file, the environment and the flags.
    ///
    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    static func load(
        _ options: ServeOptions,
        proxy: ProxyOptions? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationProblems) -> ServerConfiguration {
        try Self.loadWithEntries(options, proxy: proxy, environment: environment).configuration
    }

    /// Reads the configuration, and says where each value comes from.
    static func loadWithEntries(
        _ options: ServeOptions,
        proxy: ProxyOptions? = nil,
        environment: [String: String]
    ) throws(ConfigurationProblems) -> (configuration: ServerConfiguration, entries: [Entry]) {
        var reader = ConfigurationReader(layers: [.flags(options.overrides), .environment(environment)])
        reader.refuseUnknownVariables(environment)
        var section: ProxySection?
        if let path = options.configFile ?? environment[Self.fileVariable] {
            do throws(ConfigurationProblems) {
                let file = try ConfigurationFile(path: path)
                section = file.proxy
                reader.add(file)
            } catch {
                reader.add(error.problems)
            }
        }
        var configuration = Self.read(&reader, isEphemeral: options.ephemeral)
        let reverseProxy = Self.proxy(proxy, section, configuration, &reader)
        configuration?.proxy = reverseProxy
        guard reader.problems.isEmpty, var configuration else {
            throw ConfigurationProblems(problems: reader.problems)
        }
        let settings = reader.entries.compactMap { entry in entry.value.map { (entry.key.rawValue, $0) } }
        configuration.settings = Dictionary(settings) { $1 }
        return (configuration, reader.entries)
    }

    /// The reverse proxy: that of the file, and a route of the flags if the command has them.
    private static func proxy(
        _ options: ProxyOptions?,
        _ section: ProxySection?,
        _ configuration: ServerConfiguration?,
        _ reader: inout ConfigurationReader
    ) -> ProxyConfiguration? {
        guard options != nil || section != nil else { return nil }
        // What is not known for the lack of a configuration is refused with it.
        let policy = ListenPolicy(
            usesTLS: configuration?.tls != nil,
            trustedPlaintext: configuration?.listen.trustedPlaintext ?? true
        )
        do throws(ConfigurationProblems) {
            let proxy = try (options ?? ProxyOptions.none).configuration(section, policy)
            if proxy == nil, section == nil {
                let message = "needs a route: give --api and --upstream, or a section `proxy` in the file."
                reader.add([.init(place: "claviger proxy", message: message)])
            }
            return proxy
        } catch {
            reader.add(error.problems)
            return nil
        }
    }

    private static func read(_ reader: inout ConfigurationReader, isEphemeral: Bool) -> ServerConfiguration? {
        // Everything is read before anything is missed, so that all problems are found in one go.
        let directory = reader.value(.path(.dataDirectory, default: Self.defaultDirectory))
        let tls = Self.tls(&reader)
        let listen = Self.listen(&reader, usesTLS: tls != nil)
        let gateway = Self.gateway(&reader, listen, usesTLS: tls != nil)
        let sealing = Self.sealing(&reader, dataDirectory: directory ?? Self.defaultDirectory)
        let cacheCapacity = reader.value(
            .number(.verifierCacheCapacity, default: "2000000", in: 1000...100_000_000)
        )
        let negativeLifetime = reader.value(
            .duration(.verifierNegativeLifetime, default: "5s", in: .zero ... .seconds(3600))
        )
        let answerLifetime = reader.value(
            .duration(.verifierAnswerLifetime, default: "0s", in: .zero ... .seconds(300))
        )
        let usage = Self.usage(&reader)
        let audit = Self.audit(&reader)
        let level = reader.value(Setting<Logger.Level>.word(.logLevel, default: .info))
        let format = reader.value(Setting<LogFormat>.word(.logFormat, default: .text))
        let patience = Duration.seconds(1) ... .seconds(3600)
        let requestTimeout = reader.value(.duration(.httpRequestTimeout, default: "30s", in: patience))
        let idleTimeout = reader.value(.duration(.httpIdleTimeout, default: "60s", in: patience))
        let leaks = Self.leaks(&reader)
        let events = Self.events(&reader)
        let envoy = Self.envoy(&reader, usesTLS: tls != nil)
        guard
            let directory, let listen, let gateway, let sealing, let cacheCapacity, let negativeLifetime, let usage,
            let audit,
            let level, let format, let answerLifetime, let requestTimeout, let idleTimeout, let leaks, let events
        else { return nil }
        return ServerConfiguration(
            data: Data(directory: directory, isEphemeral: isEphemeral),
            listen: listen,
            gateway: gateway,
            tls: tls,
            sealing: sealing,
            verifier: Verifier(
                cacheCapacity: cacheCapacity,
                negativeLifetime: negativeLifetime,
                answerLifetime: answerLifetime
            ),
            usage: usage,
            audit: audit,
            log: Log(level: level, format: format),
            http: HTTP(requestTimeout: requestTimeout, idleTimeout: idleTimeout),
            leaks: leaks,
            events: events,
            envoy: envoy,
            proxy: nil
        )
    }

    private static func events(_ reader: inout ConfigurationReader) -> Events? {
        let allowsPlaintext = reader.value(.flag(.eventsAllowPlaintext, default: "false"))
        let networks = reader.value(.networks(.eventsAllowNetworks))
        let authorityFile = reader.value(.path(.eventsAuthorityFile))
        let timeout = reader.value(.duration(.eventsTimeout, default: "15s", in: .seconds(1) ... .seconds(60)))
        guard let allowsPlaintext, let networks, let timeout else { return nil }
        return Events(
            policy: EventPolicy(
                allowsPlaintext: allowsPlaintext,
                addresses: AddressGuard(allowed: networks.networks)
            ),
            authorityFile: authorityFile,
            timeout: timeout
        )
    }

    private static func leaks(_ reader: inout ConfigurationReader) -> Leaks? {
        let enabled = reader.value(.flag(.leaksGitHubEnabled, default: "false"))
        let url = reader.value(
            Setting(.leaksGitHubKeysURL, default: GitHubKeyFetcher.standardURL) { text throws(FieldError) in
                guard GitHubKeyFetcher.accepts(text) else {
                    throw FieldError("must be an https address (http only for this machine), without a user in it")
                }
                return text
            }
        )
        guard let enabled, let url else { return nil }
        return Leaks(gitHubKeysURL: enabled ? url : nil)
    }

    private static func usage(_ reader: inout ConfigurationReader) -> Usage? {
        let durability = reader.value(Setting<Usage.Durability>.word(.usageDurability, default: .process))
        let whenFull = reader.value(
            Setting<ClavigerVerifier.Verifier.UnrecordedPolicy>.word(.usageWhenFull, default: .refuse)
        )
        let segment = reader.value(.number(.usageSegmentMegabytes, default: "64", in: 1...1024))
        let days = Duration.seconds(86_400) ... .seconds(100_000 * 86_400)
        let detail = reader.value(.duration(.usageKeepDetail, default: "90d", in: days))
        let rollUps = reader.value(.duration(.usageKeepRollUps, default: "760d", in: days))
        let minutes = reader.value(.duration(.usageKeepMinutes, default: "14d", in: days))
        guard let durability, let whenFull, let segment, let detail, let rollUps, let minutes else { return nil }
        return Usage(
            durability: durability,
            whenFull: whenFull,
            segmentBytes: segment << 20,
            retention: UsageRetention(detail: detail, rollUps: rollUps, minutes: minutes)
        )
    }

    private static func listen(_ reader: inout ConfigurationReader, usesTLS: Bool) -> Listen? {
        let host = reader.value(.init(.listenHost, default: "127.0.0.1") { $0 })
        let port = reader.value(.number(.listenPort, default: "8080", in: 0...65_535))
        let trustedPlaintext = reader.value(.flag(.listenTrustedPlaintext, default: "false"))
        let proxies = reader.value(.networks(.listenTrustedProxies))
        guard let host, let port, let trustedPlaintext, let proxies else { return nil }
        do throws(ListenRefusal) {
            let address = try ListenAddress(host: host, port: port)
            let policy = ListenPolicy(usesTLS: usesTLS, trustedPlaintext: trustedPlaintext)
            if let refusal = policy.refusal(of: address) { throw refusal }
            return Listen(address: address, trustedPlaintext: trustedPlaintext, trustedProxies: proxies)
        } catch {
            reader.refuse(.listenHost, "\(error)")
            return nil
        }
    }

    private static func tls(_ reader: inout ConfigurationReader) -> TLS? {
        let certificate = reader.value(.path(.tlsCertificate))
        let privateKey = reader.value(.path(.tlsPrivateKey))
        let interval = reader.value(
            .duration(.tlsReloadInterval, default: "30s", in: .seconds(1) ... .seconds(86_400))
        )
        switch (certificate, privateKey) {
        case (let certificate?, let privateKey?):
            guard let interval else { return nil }
            return TLS(files: TLSFiles(certificate: certificate, privateKey: privateKey), reloadInterval: interval)
        case (nil, nil): break
        case (_?, nil): reader.refuse(.tlsCertificate, "tls.certificate needs tls.privateKey beside it.")
        case (nil, _?): reader.refuse(.tlsPrivateKey, "tls.privateKey needs tls.certificate beside it.")
        }
        return nil
    }

    private enum SealingProvider: String, CaseIterable, Sendable {
        case file
        case environment
        case passphrase
    }

    private static func sealing(
        _ reader: inout ConfigurationReader,
        dataDirectory: String
    ) -> RootKeyProvider.Source? {
        let provider = reader.value(Setting<SealingProvider>.word(.sealingProvider, default: .file))
        let file = reader.value(
            .path(.sealingFile, default: RootKeyProvider.defaultFile(in: dataDirectory))
        )
        let passphrase = reader.value(.path(.sealingPassphraseFile))
        switch provider {
        case .file?: return file.map { .file(path: $0) }
        case .environment?: return .environment
        case .passphrase?: return .passphrase(PassphraseSource(setting: passphrase))
        case nil: return nil
        }
    }
}
