import ArgumentParser

/// The flags that say how the server runs; each stands above the environment and the file.
struct ServeOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("Read this YAML file.", valueName: "file"))
    var configFile: String?

    @Option(help: ArgumentHelp("Keep the database and the root key in this folder.", valueName: "folder"))
    var data: String?

    @Flag(help: "Keep everything in memory, to try things out: all is gone when the server stops.")
    var ephemeral = false

    @Option(help: ArgumentHelp("Listen on this address.", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("Listen on this port; 0 lets the system choose.", valueName: "number"))
    var port: String?

    @Flag(help: "Listen in clear text beyond this machine, because a proxy in front terminates TLS.")
    var trustedPlaintext = false

    @Option(help: ArgumentHelp("The certificate chain, in PEM format.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The private key of the certificate, in PEM format.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat: String?

    func validate() throws {
        guard !self.ephemeral || self.data == nil else {
            throw ValidationError("--ephemeral keeps everything in memory: leave out --data.")
        }
    }
}

extension ServeOptions {
    /// A value that a flag gives to a setting.
    struct Override: Hashable {
        var key: SettingKey
        var flag: String
        var value: String
    }

    /// What the flags say about settings.
    var overrides: [Override] {
        let values: [(SettingKey, String, String?)] = [
            (.dataDirectory, "--data", self.data),
            (.listenHost, "--host", self.host),
            (.listenPort, "--port", self.port),
            (.listenTrustedPlaintext, "--trusted-plaintext", self.trustedPlaintext ? "true" : nil),
            (.tlsCertificate, "--tls-certificate", self.tlsCertificate),
            (.tlsPrivateKey, "--tls-key", self.tlsKey),
            (.logLevel, "--log-level", self.logLevel),
            (.logFormat, "--log-format", self.logFormat),
        ]
        return values.compactMap { key, flag, value in value.map { Override(key: key, flag: flag, value: $0) } }
    }
}
