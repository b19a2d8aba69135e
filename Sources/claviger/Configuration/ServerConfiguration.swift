import ClavigerCore
import ClavigerHTTP
import ClavigerService
import ClavigerVerifier
import Logging

/// How the server runs: every setting, checked and typed.
///
/// It comes from the defaults, then a YAML file, then the environment, then the flags; see ``load(_:environment:)``.
struct ServerConfiguration: Sendable, Hashable {
    /// How log lines look.
    enum LogFormat: String, CaseIterable, Sendable {
        /// For people.
        case text
        /// One JSON object a line.
        case json
    }

    /// The database and the root key.
    struct Data: Sendable, Hashable {
        /// The folder.
        var directory: String
        /// Whether everything is kept in memory and the folder is not used (`--ephemeral`).
        var isEphemeral: Bool
    }

    /// Where requests come in.
    struct Listen: Sendable, Hashable {
        /// The address and the port.
        var address: ListenAddress
        /// Whether a proxy in front terminates TLS.
        var trustedPlaintext: Bool
        /// The proxies whose word about the client's address counts.
        var trustedProxies: TrustedProxies
    }

    /// Where gateways ask whether a request may pass.
    struct Gateway: Sendable, Hashable {
        /// An address of their own; nil for `/gateway/` on the server's only.
        var address: GatewayAddress?
        /// A file with the secret that they share with this server.
        var secretFile: String?
        /// A file with the authorities whose certificates let them in.
        var clientCA: String?
        /// The proxies in front of them.
        var trustedProxies: TrustedProxies
    }

    /// The certificate.
    struct TLS: Sendable, Hashable {
        /// The certificate chain and its key.
        var files: TLSFiles
        /// How often the files are looked at for changes.
        var reloadInterval: Duration
    }

    /// The cache of credentials.
    struct Verifier: Sendable, Hashable {
        /// The most credentials in memory.
        var cacheCapacity: Int
        /// How long an unknown lookup id is remembered.
        var negativeLifetime: Duration
        /// How long a caller may keep a verdict; zero for not at all.
        var answerLifetime: Duration
    }

    /// What keys were used for.
    struct Usage: Sendable, Hashable {
        /// When a verification is answered.
        enum Durability: String, CaseIterable, Sendable {
            /// When its record outlives the process; a power cut loses at most the last 100 ms.
            case process
            /// When its record outlives a power cut.
            case sync
        }

        /// When a verification is answered.
        var durability: Durability
        /// What happens to one that cannot go on record.
        var whenFull: ClavigerVerifier.Verifier.UnrecordedPolicy
        /// The size of a file of the journal; two of them are there at any time.
        var segmentBytes: Int
        /// How long use is kept.
        var retention: UsageRetention
    }

    /// What is logged.
    struct Log: Sendable, Hashable {
        /// Messages below it are dropped.
        var level: Logger.Level
        /// How a line looks.
        var format: LogFormat
    }

    /// Patience with clients.
    struct HTTP: Sendable, Hashable {
        /// How long a whole request may take to arrive.
        var requestTimeout: Duration
        /// How long a connection may do nothing.
        var idleTimeout: Duration
    }

    /// Tokens of ours that others find.
    struct Leaks: Sendable, Hashable {
        /// Where GitHub publishes what it signs its reports with; nil if they are not taken.
        var gitHubKeysURL: String?
    }

    /// Where outgoing events may go.
    struct Events: Sendable, Hashable {
        /// Whether `http` is allowed, and which addresses.
        var policy: EventPolicy
        /// A file of certificates that are trusted instead of the system's.
        var authorityFile: String?
        /// How long one attempt may take.
        var timeout: Duration
    }

    /// Where Envoy asks.
    struct Envoy: Sendable, Hashable {
        /// The address and the port.
        var address: ListenAddress
        /// Whether it is TLS, with the server's certificate.
        var usesTLS: Bool
        /// A file with the authorities whose certificates Envoy must show; nil asks for none.
        var clientCA: String?
        /// The proxies in front of Envoy whose word about the client's address counts.
        var trustedProxies: TrustedProxies
    }

    var data: Data
    var listen: Listen
    var gateway: Gateway
    /// Nil means clear text.
    var tls: TLS?
    /// Where the root key comes from.
    var sealing: RootKeyProvider.Source
    var verifier: Verifier
    var usage: Usage
    var audit: Audit
    var log: Log
    var http: HTTP
    var leaks: Leaks
    var events: Events
    /// Nil means that Envoy cannot ask.
    var envoy: Envoy?
    /// Nil without a reverse proxy.
    var proxy: ProxyConfiguration?
    /// Every setting as it turned out, for the audit log; none of them is a secret.
    var settings: [String: String] = [:]
}
