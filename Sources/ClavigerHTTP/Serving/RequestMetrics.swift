public import HTTPTypes
import Metrics

/// The metrics of one route: its counter and timer by class of status, made once.
public struct RequestMetrics: Sendable {
    /// What the metrics of the server are, for the exporter.
    public static let help = [
        "claviger_http_requests_total": "Requests by method, route and class of status.",
        "claviger_http_request_duration_seconds": "Time from the request's head to the answer, by method and route.",
    ]

    private let counters: [Counter]
    private let timer: Timer

    /// Makes the metrics of a route.
    public init(method: String, route: String) {
        let place = [("method", method), ("route", route)]
        self.counters = (1...5).map {
            Counter(label: "claviger_http_requests_total", dimensions: place + [("status", "\($0)xx")])
        }
        self.timer = Timer(label: "claviger_http_request_duration_seconds", dimensions: place)
    }

    /// Counts a request and the time that it took.
    public func record(_ status: HTTPResponse.Status, nanoseconds: Int64) {
        let index = min(max(status.code / 100, 1), 5) - 1
        self.counters[index].increment()
        self.timer.recordNanoseconds(nanoseconds)
    }
}
