import ArgumentParser

/// The flags that say which server is called, and as whom.
struct ClientOptions: ParsableArguments {
    @Option(
        name: [.customLong("url"), .customLong("server")],
        help: ArgumentHelp("Call this server. (CLAVIGER_URL)", valueName: "url")
    )
    var url: String?

    @Option(
        help: ArgumentHelp(
            "Read the management key from this file, or from standard input with -. (CLAVIGER_TOKEN holds the key)",
            valueName: "file"
        )
    )
    var tokenFile: String?

    @Option(help: ArgumentHelp("Use this profile. (CLAVIGER_PROFILE)", valueName: "name"))
    var profile: String?

    @Option(help: ArgumentHelp("Trust the authorities in this PEM file instead of the system's.", valueName: "file"))
    var caFile: String?

    @Flag(help: "Allow sending the management key in clear text to another machine.")
    var insecureHttp = false
}
