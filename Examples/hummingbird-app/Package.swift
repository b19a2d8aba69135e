// swift-tools-version: 6.2

import PackageDescription

// Start here for an app of your own: in place of the path, take
// .package(url: "https://github.com/<you>/claviger.git", from: "…").
let package = Package(
    name: "hummingbird-app",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "claviger", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    ],
    targets: [
        .executableTarget(
            name: "hummingbird-app",
            dependencies: [
                .product(name: "ClavigerClient", package: "claviger"),
                .product(name: "ClavigerMiddleware", package: "claviger"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Sources"
        )
    ]
)
