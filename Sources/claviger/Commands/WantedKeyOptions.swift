import ArgumentParser
import ClavigerClient
import ClavigerCore

/// What a key is to be, for the commands that make one and that ask for one.
struct WantedKeyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What it may do; can be repeated.", valueName: "scope")) var scope: [String] = []
    @Option(help: ArgumentHelp("A role whose scopes it has too; can be repeated.", valueName: "name"))
    var role: [String] = []
    @Option(help: ArgumentHelp("When it ends: a time from now such as 90d, or RFC 3339.", valueName: "moment"))
    var expires: MomentArgument?
    @Option(help: ArgumentHelp("From when it can be used, in the same forms.", valueName: "moment"))
    var notBefore: MomentArgument?
    @Option(help: "Publishable keys may stand in web pages and apps; they have publishable scopes only.")
    var kind = KeyCommand.Kind.secret
    @Option(help: ArgumentHelp("What your own systems say about it.", valueName: "json object"))
    var metadata: ObjectArgument?

    /// Writes the key that is wanted into a request.
    ///
    /// - Parameter consumer: its owner, by id or external id.
    func fill(_ body: inout Body, name: String?, api: String?, environment: String?, consumer: String?) {
        body.set("apiId", api)
        body.set("environment", environment)
        let isID = consumer.map { (try? Consumer.ID(parsing: $0)) != nil } ?? false
        body.set(isID ? "consumerId" : "consumerExternalId", consumer)
        body.set("name", name)
        body.set("scopes", list: self.scope)
        body.set("roles", list: self.role)
        body.set("notBefore", self.notBefore?.text())
        body.set("expiresAt", self.expires?.text())
        // Left out for the usual kind, so that an older server takes the request too.
        body.set("kind", self.kind == .secret ? nil : self.kind.rawValue)
        body.set("metadata", self.metadata?.json)
    }
}
