// A bare Hummingbird application, the measure for the server: everything that it costs is the framework's cost.
import HTTPTypes
import Hummingbird
import Logging

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8081
let router = Router()
router.get("hello") { _, _ in "hello" }
// For nginx's question whether a request may pass: it does not read the body of the answer, and closes the connection if
// there is one.
router.get("nothing") { _, _ in HTTPResponse.Status.ok }
var logger = Logger(label: "hello")
logger.logLevel = .warning
let application = Application(
    router: router,
    configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
    logger: logger
)
try await application.runService()
