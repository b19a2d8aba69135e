import ClavigerClient
import ClavigerMiddleware
import Foundation
import Hummingbird

// An API with keys: one path for everybody, one for every key of the api `payments`, one for keys with a scope.

let environment = ProcessInfo.processInfo.environment
guard let managementKey = environment["CLAVIGER_TOKEN"] else {
    FileHandle.standardError.write(Data("Set CLAVIGER_TOKEN to a management key that may verify keys.\n".utf8))
    exit(2)
}
let settings = ClavigerClient.Settings(
    url: try ServerURL(parsing: environment["CLAVIGER_URL"] ?? "http://127.0.0.1:8080"),
    token: SecretText(managementKey)
)
let port = environment["PORT"].flatMap { Int($0) } ?? 3000

// One client for the whole app: its connections are used again.
try await ClavigerClient.with(settings) { client in
    // Answers are kept for as long as the authority allows; unless its operator has said so, that is not at all.
    let options = ClavigerAuthenticationOptions(cache: ClavigerVerificationCache(longestLifetime: .seconds(2)))
    let router = Router(context: ClavigerContext.self)

    router.get("/") { _, _ in
        "Everybody may read this.\n"
    }

    // Every handler below `me` has an identity, as its context does not exist without one.
    let anyKey = ClavigerAuthentication<ClavigerContext>(
        client: client,
        api: "payments",
        environment: "production",
        options: options
    )
    router.authenticated("me", by: anyKey).get { _, context in
        let who = context.claviger
        return "You are \(who.consumerExternalID) with the key \(who.keyName), which may do: "
            + "\(who.scopes.joined(separator: " "))\n"
    }

    // The same with `add(middleware:)`, for the routes after it; here the key needs a scope.
    router.group("invoices")
        .add(
            middleware: ClavigerAuthentication(
                client: client,
                api: "payments",
                environment: "production",
                scopes: "invoices.read",
                options: options
            )
        )
        .get { _, context in
            "The invoices of \(context.claviger?.consumerExternalID ?? "nobody").\n"
        }

    let app = Application(
        router: router,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port))
    )
    try await app.runService()
}
