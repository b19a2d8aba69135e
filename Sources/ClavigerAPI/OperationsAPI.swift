import ClavigerCore
public import ClavigerHTTP
public import ClavigerService
import HTTPTypes
import Hummingbird
import NIOCore

/// The calls that anybody may make: health, metrics and the contract.
public struct OperationsAPI: Sendable {
    private let authority: Authority
    private let metrics: PrometheusExporter
    private let healthReport: @Sendable () -> String?

    /// Makes the calls.
    ///
    /// - Parameter healthReport: why the server should not be used although the database answers; nil if it can be.
    public init(
        authority: Authority,
        metrics: PrometheusExporter,
        healthReport: @escaping @Sendable () -> String? = { nil }
    ) {
        self.authority = authority
        self.metrics = metrics
        self.healthReport = healthReport
    }

    /// Registers all calls.
    public func register(in registry: inout EndpointRegistry) {
        registry.open(.get, "/healthz") { _, _ in .json(["status": "ok"]) }
        registry.open(.get, "/readyz") { _, _ in
            if let report = self.healthReport() {
                return .json(["status": "not-ready", "detail": .string(report)], status: .serviceUnavailable)
            }
            guard await self.authority.isStorageReachable() else {
                return .json(
                    ["status": "not-ready", "detail": "The database does not answer."],
                    status: .serviceUnavailable
                )
            }
            return .json(["status": "ready"])
        }
        registry.open(.get, "/metrics") { _, _ in
            Self.text(self.metrics.exposition(), "text/plain; version=0.0.4; charset=utf-8")
        }
        registry.open(.get, "/openapi.yaml") { _, _ in Self.text(Contract.text, "application/yaml") }
    }

    private static func text(_ text: String, _ mediaType: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
