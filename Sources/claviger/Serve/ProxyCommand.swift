import ArgumentParser

/// Runs the server with a reverse proxy beside it: `claviger proxy`.
struct ProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Run the key authority with a reverse proxy in front of your service.",
        discussion: """
            For those who have no gateway. Requests with a good key of the api and environment are passed on to the \
            upstream without the key, and with X-Claviger-Key-Id, -Consumer, -Scopes, -Plan and -Environment; others \
            are answered here. The server itself runs as with `claviger serve`, which has all the same flags, in the \
            same process. Several routes come from the section `proxy` of the configuration file.

            Examples:
              claviger proxy --data ./data --api payments \\
                --environment production --upstream http://127.0.0.1:9000
              claviger proxy --config /etc/claviger/claviger-proxy.yaml
            """
    )

    @OptionGroup(title: "The proxy") var proxy: ProxyOptions
    @OptionGroup(title: "The server") var options: ServeOptions

    func run() async throws {
        try await ServeCommand.serve(try ServerConfiguration.load(self.options, proxy: self.proxy))
    }
}
