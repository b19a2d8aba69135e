// What Envoy's checks are compared with: a service on the same stack, with the same messages, that says yes to all.
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import SwiftProtobuf

struct AlwaysOK: EnvoyAuthorization.SimpleServiceProtocol {
    func check(request: EnvoyCheckRequest, context: ServerContext) async throws -> EnvoyCheckResponse {
        var response = EnvoyCheckResponse()
        response.okResponse = EnvoyOkHttpResponse()
        return response
    }
}

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8082
let server = GRPCServer(
    transport: HTTP2ServerTransport.Posix(
        address: .ipv4(host: "127.0.0.1", port: port),
        transportSecurity: .plaintext
    ),
    services: [AlwaysOK()]
)
try await server.serve()
