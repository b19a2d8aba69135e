import ClavigerAPI
import ClavigerCore
import ClavigerEnvoy
import ClavigerHTTP
import ClavigerHashes
import ClavigerSQLite
import ClavigerService
import ClavigerStore
import ClavigerVerifier
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The composition root: makes every part of a server and holds them together while it runs.
struct Server {
    /// How long requests that are being answered may take when the server stops.
    private static let longestFarewell = Duration.seconds(15)

    let configuration: ServerConfiguration
    let metrics: PrometheusExporter
    let logger: Logger
    private let time = SystemTime()
    private let random = SystemRandom()

    /// Starts, serves until a signal comes, and stops in order.
    ///
    /// - Parameter onReady: is told where the server listens, and where the first management key is if this run made it.
    /// - Parameter onProxyReady: is told where the reverse proxy listens, if there is one.
    func run(
        onReady: @escaping @Sendable (_ url: String, _ firstKeyPath: String?) -> Void,
        onProxyReady: @escaping @Sendable (_ url: String) -> Void = { _ in }
    ) async throws {
        // A file that may not grow has to be an error of the write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let place = try Place(self.configuration)
        defer { place.release() }
        if place.folder?.isOpenToOthers == true {
            self.logger.warning("other users of this machine can read the data folder; chmod 700 keeps them out")
        }
        let tls = try self.configuration.tls.map {
            try TLSCertificates(files: $0.files, reloadInterval: $0.reloadInterval, logger: self.logger)
        }
        let rootKey = try self.rootKey(place)
        let database = try await SQLiteDatabase.open(place.location, admission: { try RootKeyCheck.run($0, rootKey) })
        do {
            try await self.serve(database, rootKey, place, tls, onReady, onProxyReady)
        } catch {
            try? await database.close()
            throw error
        }
        try await database.close()
    }

    private func auditLog(
        _ store: SQLAuthorityStore,
        _ keyring: KeyringHolder,
        _ workspace: Workspace,
        _ place: Place
    ) async throws -> AuditLog {
        do {
            return try await AuditLog.open(
                store,
                keyring: keyring,
                workspace: workspace.id,
                base: self.configuration.audit.origin,
                heads: place.auditHeads(random: self.random),
                time: self.time,
                logger: self.logger
            )
        } catch let error as OtherAuditOrigin {
            throw StartFailure(
                """
                The audit log of this database is named \(error.origin), and audit.origin names another. \
                A log keeps its name: take the setting away, or set it to \(error.origin).
                """
            )
        }
    }

    private func rootKey(_ place: Place) throws -> RootKey {
        guard let folder = place.folder else {
            guard let key = RootKey(bytes: self.random.bytes(RootKey.length)) else {
                preconditionFailure("a root key has as many bytes as a root key has")
            }
            return key
        }
        return try RootKeyProvider(
            self.configuration.sealing,
            dataDirectory: folder.path,
            environment: ProcessInfo.processInfo.environment,
            random: self.random
        ).load(createIfMissing: !folder.hasDatabase)
    }

    private func serve(
        _ database: SQLiteDatabase,
        _ rootKey: RootKey,
        _ place: Place,
        _ tls: TLSCertificates?,
        _ onReady: @escaping @Sendable (String, String?) -> Void,
        _ onProxyReady: @escaping @Sendable (String) -> Void
    ) async throws {
        let store = SQLAuthorityStore(database, random: self.random)
        let firstKeyPath = place.firstKeyPath
        let firstStart = FirstStart(rootKey: rootKey, time: self.time, random: self.random)
        let (keyring, workspace, isFirst) = try await firstStart.run(store) { [random] token in
            try FirstKeyFile.write(token, to: firstKeyPath, random: random)
        }
        let holder = KeyringHolder(keyring)
        let auditLog = try await self.auditLog(store, holder, workspace, place)
        let usage = try await UsageParts(
            place: place,
            configuration: self.configuration.usage,
            store: store,
            time: self.time,
            random: self.random,
            logger: self.logger
        )
        do {
            let order = ReadyOrder()
            try await self.serve(
                database,
                store,
                holder,
                workspace,
                auditLog,
                usage,
                tls,
                order.second(onProxyReady)
            ) { url in
                onReady(url, isFirst ? firstKeyPath : nil)
                order.firstIsDone()
            }
        } catch {
            await usage.close()
            throw error
        }
        await usage.close()
    }

    private func serve(
        _ database: SQLiteDatabase,
        _ store: SQLAuthorityStore,
        _ keyring: KeyringHolder,
        _ workspace: Workspace,
        _ auditLog: AuditLog,
        _ usage: UsageParts,
        _ tls: TLSCertificates?,
        _ onProxyReady: @escaping @Sendable (String) -> Void,
        _ onListening: @escaping @Sendable (String) -> Void
    ) async throws {
        let rehashes = RehashQueue()
        let limiter = Limiter(random: self.random)
        let verifier = Verifier(
            source: SQLCredentialSource(database),
            makeHasher: { keyring.keyring.makeHasher() },
            time: self.time,
            usage: usage.journal,
            limiter: limiter,
            ledger: usage.ledger,
            throttle: GuessThrottle(random: self.random),
            rehashSink: rehashes,
            slowHashes: SlowHashQueue(
                SystemSlowHasher(),
                random: self.random,
                atOnce: SlowHashQueue.places(processors: ProcessInfo.processInfo.activeProcessorCount)
            ),
            configuration: Verifier.Configuration(
                capacity: self.configuration.verifier.cacheCapacity,
                negativeLifetime: self.configuration.verifier.negativeLifetime,
                whenUnrecorded: self.configuration.usage.whenFull,
                waitsForDisk: self.configuration.usage.durability == .sync
            )
        )
        let authority = Authority(
            store: store,
            verifier: verifier,
            keyring: keyring,
            time: self.time,
            random: self.random,
            usage: usage.store,
            fold: usage.fold,
            auditLog: auditLog,
            detailRetention: self.configuration.usage.retention.detail,
            eventPolicy: self.configuration.events.policy,
            logger: self.logger
        )
        try await authority.loadForeignRules()
        let events = try EventParts(self.configuration.events, authority: authority, logger: self.logger)
        try await events.start()
        let health = Health()
        let maintenance = Maintenance(
            authority: authority,
            rehashes: rehashes,
            workspaceID: workspace.id,
            logger: self.logger
        )
        let witnesses = try WitnessParts(
            self.configuration.audit,
            auditLog,
            maintenance: maintenance,
            time: self.time,
            logger: self.logger
        )
        let settings = self.configuration.settings.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        let recordStart: @Sendable () async throws -> Void = {
            try await maintenance.recordStart(version: Claviger.version, settings: .object(JSONObject(settings)))
        }
        var isStartRecorded = false
        do {
            try await recordStart()
            isStartRecorded = true
            // Whoever finds the server ready finds a signed head.
            try await auditLog.publish()
        } catch {
            // A full disk keeps nobody from verifying keys: the start goes on record when it can be.
            self.logger.error(
                "the start of the server could not be recorded and signed; it is tried again",
                metadata: ["cause": "\(RepeatedWork.cause(of: error))"]
            )
        }
        var services: [any Service] = [
            AuditLogService(
                maintenance: maintenance,
                auditLog: auditLog,
                keep: self.configuration.audit.keep,
                recordStart: isStartRecorded ? nil : recordStart,
                logger: self.logger
            ),
            witnesses,
            MaintenanceService(maintenance: maintenance, logger: self.logger),
            JobService(
                scheduler: Scheduler(maintenance, logger: self.logger, onRun: JobMetrics.record),
                logger: self.logger
            ),
            UsageService(parts: usage, limiter: limiter, time: self.time, logger: self.logger),
            IntegrityService(database: database, health: health, logger: self.logger),
            events,
        ]
        if let tls { services.append(tls) }
        let requestIDs = RequestIDs(random: self.random)
        let gateway = try GatewayParts(
            configuration: self.configuration,
            authority: authority,
            workspaceID: workspace.id,
            requestIDs: requestIDs,
            logger: self.logger
        )
        // Each address has a registry of its own.
        let makeRegistry = { (isSecure: Bool) in
            EndpointRegistry(
                authority: authority,
                requestIDs: requestIDs,
                trustedProxies: self.configuration.listen.trustedProxies,
                isSecure: isSecure,
                logger: self.logger
            )
        }
        if let listener = try gateway.listener(makeRegistry(false), tls) { services.append(listener) }
        var registry = makeRegistry(tls != nil)
        gateway.register(in: &registry)
        let report: @Sendable () -> String? = {
            [journal = usage.journal, whenFull = self.configuration.usage.whenFull] in
            if let report = health.report { return report }
            // Where verifications go on without a record, the server can be used.
            guard whenFull == .refuse, journal.refusal != nil else { return nil }
            return "The usage journal has no room; see the log."
        }
        let envoy = try EnvoyPart(self.configuration, logger: self.logger)?.listener(
            authority: authority,
            workspaceID: workspace.id,
            report: report,
            requestIDs: requestIDs,
            tls: tls
        )
        if let envoy { services.append(envoy) }
        if let proxy = try await self.proxy(authority, workspace, tls, onProxyReady) { services.append(proxy) }
        let application = try self.application(authority, registry, report, tls, services, envoy, onListening)
        var group = ServiceGroupConfiguration(
            services: [application],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: application.logger
        )
        // A client that does not read its answer must not keep the server from stopping.
        group.maximumGracefulShutdownDuration = Self.longestFarewell
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as EnvoyListenFailure {
            throw StartFailure(error.description)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StartFailure(
                "\(self.configuration.listen.address) is in use by another program. Choose another with --port."
            )
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EADDRNOTAVAIL {
            throw StartFailure(
                "This process cannot listen on \(self.configuration.listen.address). Choose another --host or --port."
            )
        }
    }

    private func application(
        _ authority: Authority,
        _ registry: EndpointRegistry,
        _ report: @escaping @Sendable () -> String?,
        _ tls: TLSCertificates?,
        _ services: [any Service],
        _ envoy: EnvoyListener?,
        _ onListening: @escaping @Sendable (String) -> Void
    ) throws -> some ApplicationProtocol {
        var registry = registry
        let gitHubKeys = self.configuration.leaks.gitHubKeysURL.map {
            GitHubKeys(source: GitHubKeyFetcher(url: $0), time: self.time, logger: self.logger)
        }
        ManagementAPI(
            authority: authority,
            answerLifetime: self.configuration.verifier.answerLifetime,
            auditLogIsPublic: self.configuration.audit.isPublic,
            gitHubKeys: gitHubKeys
        ).register(in: &registry)
        OperationsAPI(authority: authority, metrics: self.metrics, healthReport: report).register(in: &registry)
        let address = self.configuration.listen.address
        let limits = RequestLimits(
            arrival: self.configuration.http.requestTimeout,
            idle: self.configuration.http.idleTimeout
        )
        let scheme = tls == nil ? "http" : "https"
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        var application = Application(
            responder: registry.buildResponder(),
            server: .claviger(tls: try tls?.configuration(), limits: limits),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                availableConnectionsDelegate: ConnectionLimit(self.configuration.connections, logger: self.logger)
            ),
            services: services,
            onServerRunning: { channel in
                onListening("\(scheme)://\(host):\(channel.localAddress?.port ?? address.port)")
            },
            logger: Logger(label: "claviger.http") { _ in FrameworkLogHandler(self.logger) }
        )
        // Whoever finds the server ready finds it ready for Envoy too.
        if let envoy { application.beforeServerStarts { try await envoy.untilListening() } }
        return application
    }
}
