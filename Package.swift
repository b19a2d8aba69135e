// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "claviger",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "claviger", targets: ["claviger"]),
        .library(name: "ClavigerClient", targets: ["ClavigerClient"]),
        .library(name: "ClavigerMiddleware", targets: ["ClavigerMiddleware"]),
        // For the package in Benchmarks.
        .library(name: "ClavigerCore", targets: ["ClavigerCore"]),
        .library(name: "ClavigerLog", targets: ["ClavigerLog"]),
        .library(name: "ClavigerSQLite", targets: ["ClavigerSQLite"]),
        .library(name: "ClavigerService", targets: ["ClavigerService"]),
        .library(name: "ClavigerStore", targets: ["ClavigerStore"]),
        .library(name: "ClavigerVerifier", targets: ["ClavigerVerifier"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(
            url: "https://github.com/apple/swift-configuration.git",
            from: "1.4.0",
            traits: [.defaults, "YAML", "Reloading"]
        ),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2.git", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport.git", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", from: "2.4.1"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
    ],
    targets: [
        // Values and decisions. No I/O, clock, logger or async.
        .target(
            name: "ClavigerCore",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        // The hot path: cache, look-up filter, verification.
        .target(name: "ClavigerVerifier", dependencies: ["ClavigerCore"]),
        // The slow hashes of imported keys. Away from ClavigerCore, so that clients need no system libraries.
        .systemLibrary(name: "CArgon2", providers: [.apt(["libargon2-dev"]), .brew(["argon2"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .target(
            name: "ClavigerHashes",
            dependencies: [
                "CArgon2", .target(name: "CCrypt", condition: .when(platforms: [.linux])), "ClavigerCore",
                "ClavigerVerifier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        // The transparency log: Merkle tree, tiles, signed notes, proofs. No I/O, clock, logger or async.
        .target(name: "ClavigerLog", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        // Use cases: check permission, audit, act. Ports to storage.
        .target(
            name: "ClavigerService",
            dependencies: [
                "ClavigerCore", "ClavigerLog", "ClavigerVerifier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // All SQL: repositories, migrations, the Database port.
        .target(
            name: "ClavigerStore",
            dependencies: ["ClavigerCore", "ClavigerLog", "ClavigerService", "ClavigerVerifier"]
        ),
        // Driver: GRDB behind the Database port.
        .target(
            name: "ClavigerSQLite",
            dependencies: [
                "ClavigerCore", "ClavigerService", "ClavigerStore", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [
                .embedInCode("Migrations"), .embedInCode("AccessLogMigrations"), .embedInCode("UsageMigrations"),
            ]
        ),
        .target(
            name: "ClavigerHTTP",
            dependencies: [
                "ClavigerCore", "ClavigerService", "ClavigerVerifier",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        // openapi/claviger.yaml, so that the binary carries the contract it was built for.
        .target(name: "CContract"),
        // Wire types and routes of /v1.
        .target(
            name: "ClavigerAPI",
            dependencies: [
                "CContract", "ClavigerCore", "ClavigerHTTP", "ClavigerLog", "ClavigerService", "ClavigerVerifier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        // Decisions for gateways: forward authentication and the reverse proxy.
        .target(
            name: "ClavigerGateway",
            dependencies: [
                "ClavigerCore", "ClavigerHTTP", "ClavigerService", "ClavigerVerifier",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ]
        ),
        // Envoy's external authorization, over gRPC. `Generated` is made by scripts/generate-protos.sh.
        .target(
            name: "ClavigerEnvoy",
            dependencies: [
                "ClavigerCore", "ClavigerGateway", "ClavigerHTTP", "ClavigerService", "ClavigerVerifier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Protos"]
        ),
        // A witness of transparency logs (c2sp.org/tlog-witness), and the client that asks one.
        .target(
            name: "ClavigerWitness",
            dependencies: [
                "ClavigerClient", "ClavigerCore", "ClavigerHTTP", "ClavigerLog",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // Swift client of /v1; the command line uses it.
        .target(
            name: "ClavigerClient",
            dependencies: [
                "ClavigerCore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // Sends outgoing events to endpoints.
        .target(
            name: "ClavigerWebhooks",
            dependencies: [
                "ClavigerCore", "ClavigerService",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // What an API author adds to a Hummingbird app; nothing of the server.
        .target(
            name: "ClavigerMiddleware",
            dependencies: [
                "ClavigerClient", "ClavigerCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        // Examples/hummingbird-app, built along with everything else so that it cannot go stale.
        .executableTarget(
            name: "ExampleHummingbirdApp",
            dependencies: [
                "ClavigerClient", "ClavigerMiddleware", .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Examples/hummingbird-app/Sources"
        ),
        .target(
            name: "ClavigerTestSupport",
            dependencies: [
                "ClavigerAPI", "ClavigerCore", "ClavigerHTTP", "ClavigerHashes", "ClavigerLog", "ClavigerSQLite",
                "ClavigerService", "ClavigerStore", "ClavigerVerifier",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // What glibc's allocator can be told.
        .systemLibrary(name: "CMalloc"),
        // The executable: one file per command; Serve/ is the composition root.
        .executableTarget(
            name: "claviger",
            dependencies: [
                "ClavigerAPI", "ClavigerClient", "ClavigerCore", "ClavigerEnvoy", "ClavigerGateway", "ClavigerHTTP",
                "ClavigerHashes", "ClavigerLog", "ClavigerService", "ClavigerSQLite", "ClavigerStore",
                "ClavigerVerifier", "ClavigerWebhooks", "ClavigerWitness", "CMalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .testTarget(
            name: "ClavigerCoreTests",
            dependencies: ["ClavigerCore", "ClavigerTestSupport", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .testTarget(
            name: "ClavigerLogTests",
            dependencies: ["ClavigerLog", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .testTarget(
            name: "ClavigerGatewayTests",
            dependencies: [
                "ClavigerAPI", "ClavigerCore", "ClavigerGateway", "ClavigerHTTP", "ClavigerService",
                "ClavigerTestSupport", "ClavigerVerifier",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "ClavigerHashesTests",
            dependencies: ["ClavigerCore", "ClavigerHashes", "ClavigerTestSupport", "ClavigerVerifier"]
        ),
        .testTarget(name: "ClavigerVerifierTests", dependencies: ["ClavigerVerifier", "ClavigerTestSupport"]),
        .testTarget(
            name: "ClavigerServiceTests",
            dependencies: [
                "ClavigerCore", "ClavigerLog", "ClavigerSQLite", "ClavigerService", "ClavigerStore",
                "ClavigerTestSupport", "ClavigerVerifier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "ClavigerStoreTests", dependencies: ["ClavigerStore", "ClavigerTestSupport"]),
        .testTarget(
            name: "ClavigerSQLiteTests",
            dependencies: [
                "ClavigerSQLite", "ClavigerTestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ]
        ),
        .testTarget(
            name: "ClavigerHTTPTests",
            dependencies: [
                "ClavigerCore", "ClavigerHTTP", "ClavigerTestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "ClavigerAPITests",
            dependencies: [
                "ClavigerAPI", "ClavigerTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        // With a client made of Envoy's public definitions, in Python; see scripts/bootstrap.sh --test.
        .testTarget(
            name: "ClavigerEnvoyTests",
            dependencies: [
                "ClavigerCore", "ClavigerEnvoy", "ClavigerGateway", "ClavigerHTTP", "ClavigerService",
                "ClavigerStore", "ClavigerTestSupport", "ClavigerVerifier",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["envoy_client.py"]
        ),
        .testTarget(
            name: "ClavigerClientTests",
            dependencies: [
                "ClavigerClient", "ClavigerCore",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ClavigerMiddlewareTests",
            dependencies: [
                "ClavigerClient", "ClavigerCore", "ClavigerGateway", "ClavigerHTTP", "ClavigerMiddleware",
                "ClavigerTestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ClavigerTests",
            dependencies: [
                "claviger", "ClavigerAPI", "ClavigerClient", "ClavigerCore", "ClavigerGateway", "ClavigerHTTP",
                "ClavigerTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "ClavigerWebhooksTests",
            dependencies: [
                "ClavigerCore", "ClavigerService", "ClavigerTestSupport", "ClavigerWebhooks",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "ClavigerWitnessTests",
            dependencies: [
                "ClavigerClient", "ClavigerCore", "ClavigerHTTP", "ClavigerLog", "ClavigerTestSupport",
                "ClavigerWitness",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        // A real process, from the outside.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "claviger", "ClavigerClient", "ClavigerCore", "ClavigerLog", "ClavigerTestSupport", "ClavigerWitness",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        // The real proxies, with the configurations in deploy/.
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "claviger", "ClavigerCore", "ClavigerTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            exclude: ["AuditLog/foreign"]
        ),
    ]
)

let warningsAsErrors = Context.environment["CLAVIGER_WARNINGS_AS_ERRORS"] != nil

// System libraries are not compiled.
for target in package.targets where target.type != .system {
    var settings = target.swiftSettings ?? []
    settings += [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    if warningsAsErrors {
        settings.append(.treatAllWarnings(as: .error))
    }
    target.swiftSettings = settings
}
