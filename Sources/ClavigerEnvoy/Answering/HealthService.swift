import GRPCCore
import ServiceLifecycle
import SwiftProtobuf

/// Answers `grpc.health.v1.Health`: whether this server can be asked.
struct HealthService: GRPCHealth.SimpleServiceProtocol {
    /// The names that can be asked for; the empty one means the whole server.
    private static let services: Set<String> = [
        "", EnvoyAuthorization.descriptor.fullyQualifiedService, GRPCHealth.descriptor.fullyQualifiedService,
    ]
    /// How long a change may go unnoticed by those who watch.
    private static let pause = Duration.seconds(1)

    let isReady: @Sendable () async -> Bool

    func check(request: GRPCHealthCheckRequest, context: ServerContext) async throws -> GRPCHealthCheckResponse {
        guard Self.services.contains(request.service) else {
            throw RPCError(code: .notFound, message: "There is no such service here.")
        }
        let status = await self.status(of: request.service)
        return .with { $0.status = status }
    }

    func watch(
        request: GRPCHealthCheckRequest,
        response: RPCWriter<GRPCHealthCheckResponse>,
        context: ServerContext
    ) async throws {
        var last: GRPCHealthCheckResponse.ServingStatus?
        while !context.cancellation.isCancelled, !Task.isCancelled {
            let isStopping = Task.isShuttingDownGracefully
            let status = isStopping ? .notServing : await self.status(of: request.service)
            if status != last { try await response.write(.with { $0.status = status }) }
            last = status
            // Who watches must not keep the server from stopping.
            if isStopping { return }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
        }
    }

    private func status(of service: String) async -> GRPCHealthCheckResponse.ServingStatus {
        guard Self.services.contains(service) else { return .serviceUnknown }
        return await self.isReady() ? .serving : .notServing
    }
}
