// A bare reverse proxy from the same parts as Claviger's: what it costs is the cost of the parts, without a decision.
import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard arguments.count == 2 else { fatalError("bareproxy PORT UPSTREAM-PORT") }
let (port, upstream) = (arguments[0], arguments[1])

let router = Router()
router.get("**") { request, _ in
    var outgoing = HTTPClientRequest(url: "http://127.0.0.1:\(upstream)\(request.uri.string)")
    for field in request.headers { outgoing.headers.add(name: field.name.rawName, value: field.value) }
    let answer = try await HTTPClient.shared.execute(outgoing, timeout: .seconds(60))
    var fields = HTTPFields()
    for (name, value) in answer.headers where name != "connection" {
        if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    return Response(
        status: HTTPResponse.Status(code: Int(answer.status.code)),
        headers: fields,
        body: ResponseBody(asyncSequence: answer.body)
    )
}
var logger = Logger(label: "bareproxy")
logger.logLevel = .warning
let application = Application(
    router: router,
    configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
    logger: logger
)
try await application.runService()
