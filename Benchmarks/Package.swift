// swift-tools-version: 6.2

import PackageDescription

// Speed and size of Claviger, measured by run.sh. A package of its own, so that nothing here is part of the product.
let package = Package(
    name: "claviger-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "claviger", path: ".."),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2.git", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport.git", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", from: "2.4.1"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
    ],
    targets: [
        // What the server is compared with: the same web framework, answering `hello`.
        .executableTarget(
            name: "hello",
            dependencies: [
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // The same for the reverse proxy; gateways.sh measures it.
        .executableTarget(
            name: "bareproxy",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        // The same for Envoy's checks; envoy.sh measures it. `Generated` has links to what the server is built from.
        .executableTarget(
            name: "alwaysok",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        // Fills a data folder with keys, and another file with their tokens.
        .executableTarget(
            name: "seed",
            dependencies: [
                "Bench",
                // The server itself, so that it is built along with what measures it.
                .product(name: "claviger", package: "claviger"),
                .product(name: "ClavigerCore", package: "claviger"),
                .product(name: "ClavigerService", package: "claviger"),
            ]
        ),
        // What a verification costs without the network.
        .executableTarget(
            name: "inprocess",
            dependencies: [
                "Bench",
                .product(name: "ClavigerCore", package: "claviger"),
                .product(name: "ClavigerLog", package: "claviger"),
                .product(name: "ClavigerSQLite", package: "claviger"),
                .product(name: "ClavigerService", package: "claviger"),
                .product(name: "ClavigerStore", package: "claviger"),
                .product(name: "ClavigerVerifier", package: "claviger"),
            ]
        ),
        // An authority on a data folder, put together as the server does it.
        .target(
            name: "Bench",
            dependencies: [
                .product(name: "ClavigerCore", package: "claviger"),
                .product(name: "ClavigerSQLite", package: "claviger"),
                .product(name: "ClavigerService", package: "claviger"),
                .product(name: "ClavigerStore", package: "claviger"),
                .product(name: "ClavigerVerifier", package: "claviger"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
    ]
)

for target in package.targets {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}
