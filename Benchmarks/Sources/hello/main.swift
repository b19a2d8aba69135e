// A bare Hummingbird application, the measure for the server: everything that it costs is the framework's cost.
import Hummingbird
import Logging

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8081
let router = Router()
router.get("hello") { _, _ in "hello" }
var logger = Logger(label: "hello")
logger.logLevel = .warning
let application = Application(
    router: router,
    configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
    logger: logger
)
try await application.runService()
