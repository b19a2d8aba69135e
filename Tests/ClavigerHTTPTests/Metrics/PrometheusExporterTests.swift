import CoreMetrics
import Testing

@testable import ClavigerHTTP

@Suite
struct PrometheusExporterTests {
    private func lines(_ exporter: PrometheusExporter, _ prefix: String) -> [String] {
        exporter.exposition().split(separator: "\n").map(String.init).filter {
            $0.hasPrefix(prefix) || $0.hasPrefix("# TYPE \(prefix)") || $0.hasPrefix("# HELP \(prefix)")
        }
    }

    @Test
    func counters() {
        let exporter = PrometheusExporter(help: ["keys.verified": "Verifications\nby \\ code."])
        let counter = exporter.makeCounter(
            label: "keys.verified",
            dimensions: [("code", "a\"b\\c\nd"), ("api-name", "x")]
        )
        counter.increment(by: 2)
        exporter.makeCounter(label: "keys.verified", dimensions: [("api-name", "x"), ("code", "a\"b\\c\nd")])
            .increment(by: 3)
        counter.increment(by: -7)
        #expect(
            self.lines(exporter, "keys") == [
                #"# HELP keys_verified_total Verifications\nby \\ code."#,
                "# TYPE keys_verified_total counter",
                #"keys_verified_total{api_name="x",code="a\"b\\c\nd"} 5"#,
            ]
        )
    }

    @Test
    func names() {
        #expect(PrometheusText.name("1st request/é total", suffix: "_total") == "_1st_request___total")
        #expect(PrometheusText.name("", suffix: "") == "_")
        #expect(PrometheusText.name("a:b") == "a:b")
        #expect(PrometheusText.labels([("a:b", "1"), ("a b", "2"), ("le", "3")]) == #"a_b="1",a_b_="2",label_le="3""#)
    }

    @Test
    func gaugesAndFractions() {
        let exporter = PrometheusExporter()
        let meter = exporter.makeMeter(label: "busy", dimensions: [])
        meter.set(Int64(4))
        meter.increment(by: 1.5)
        meter.decrement(by: 0.25)
        exporter.makeFloatingPointCounter(label: "credits", dimensions: []).increment(by: 0.5)
        exporter.makeRecorder(label: "level", dimensions: [], aggregate: false).record(Double.infinity)
        #expect(self.lines(exporter, "busy").last == "busy 5.25")
        #expect(self.lines(exporter, "credits_total").last == "credits_total 0.5")
        #expect(self.lines(exporter, "level").last == "level +Inf")
    }

    @Test
    func timersAreHistogramsOfSeconds() {
        let exporter = PrometheusExporter()
        let timer = exporter.makeTimer(label: "http.duration", dimensions: [("route", "/v1")])
        for nanoseconds: Int64 in [100_000, 100_001, 3_000_000_000, 11_000_000_000] {
            timer.recordNanoseconds(nanoseconds)
        }
        let lines = self.lines(exporter, "http_duration_seconds")
        #expect(lines.contains(#"http_duration_seconds_bucket{route="/v1",le="0.0001"} 1"#))
        #expect(lines.contains(#"http_duration_seconds_bucket{route="/v1",le="0.00025"} 2"#))
        #expect(lines.contains(#"http_duration_seconds_bucket{route="/v1",le="10"} 3"#))
        #expect(lines.contains(#"http_duration_seconds_bucket{route="/v1",le="+Inf"} 4"#))
        #expect(lines.contains(#"http_duration_seconds_count{route="/v1"} 4"#))
        #expect(lines.contains(#"http_duration_seconds_sum{route="/v1"} 14.000200001"#))
    }

    @Test
    func recordersAggregate() {
        let exporter = PrometheusExporter()
        let recorder = exporter.makeRecorder(label: "size", dimensions: [], aggregate: true)
        recorder.record(Int64(1))
        recorder.record(7.5)
        recorder.record(Double.nan)
        let lines = self.lines(exporter, "size")
        #expect(lines.contains(#"size_bucket{le="1"} 1"#))
        #expect(lines.contains(#"size_bucket{le="10"} 2"#))
        #expect(lines.contains("size_sum 8.5"))
    }

    @Test
    func cardinalityIsBounded() {
        let exporter = PrometheusExporter(seriesLimit: 3)
        for number in 0..<5 {
            exporter.makeCounter(label: "c", dimensions: [("n", "\(number)")]).increment(by: 1)
        }
        #expect(self.lines(exporter, "c_total").count == 2 + 3)
        #expect(exporter.exposition().contains("\nmetrics_dropped_series_total 2\n"))
        // What exists goes on counting.
        exporter.makeCounter(label: "c", dimensions: [("n", "0")]).increment(by: 1)
        #expect(exporter.exposition().contains("c_total{n=\"0\"} 2\n"))
    }

    @Test
    func oneNameHasOneKind() {
        let exporter = PrometheusExporter()
        exporter.makeMeter(label: "x_total", dimensions: []).set(1.0)
        exporter.makeCounter(label: "x", dimensions: []).increment(by: 1)
        exporter.makeMeter(label: "process.open.fds", dimensions: []).set(-1.0)
        #expect(self.lines(exporter, "x_total").count == 3)
        #expect(self.lines(exporter, "process_open_fds").count == 3)
        #expect(exporter.exposition().contains("\nmetrics_dropped_series_total 2\n"))
    }

    @Test
    func destroyedSeriesMakeRoom() {
        let exporter = PrometheusExporter(seriesLimit: 1)
        exporter.destroyCounter(exporter.makeCounter(label: "a", dimensions: []))
        exporter.makeCounter(label: "b", dimensions: []).increment(by: 1)
        #expect(self.lines(exporter, "a_total").isEmpty)
        #expect(self.lines(exporter, "b_total").last == "b_total 1")
    }

    @Test
    func nothingIsLostBetweenThreads() async {
        let exporter = PrometheusExporter()
        let timer = exporter.makeTimer(label: "t", dimensions: [])
        let sum = exporter.makeFloatingPointCounter(label: "s", dimensions: [])
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10_000 {
                        timer.recordNanoseconds(1)
                        sum.increment(by: 0.5)
                    }
                }
            }
        }
        #expect(self.lines(exporter, "t_seconds_count").last == "t_seconds_count 40000")
        #expect(self.lines(exporter, "s_total").last == "s_total 20000")
    }

    @Test
    func processMetrics() throws {
        let metrics = ProcessMetrics.current()
        #expect(try #require(metrics.residentBytes) > 1 << 20)
        #expect(try #require(metrics.openFiles) >= 3)
        #expect(try #require(metrics.startSeconds) > 1_600_000_000)
        #expect(try #require(metrics.cpuSeconds) >= 0)
        #expect(try #require(metrics.maximumFiles) > 0)
    }
}
