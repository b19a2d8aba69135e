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

    var data: Data
    var listen: Listen
    /// Nil means clear text.
    var tls: TLS?
    /// Where the root key comes from.
    var sealing: RootKeyProvider.Source
    var verifier: Verifier
    var usage: Usage
    var log: Log
    var http: HTTP
    /// Nil without a reverse proxy.
    var proxy: ProxyConfiguration?
}
