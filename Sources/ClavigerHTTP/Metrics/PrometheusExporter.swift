public import CoreMetrics
import Synchronization

/// Collects the metrics of the process and shows them in the Prometheus text format 0.0.4.
///
/// Metrics with the same label and dimensions share one series. The number of series is bounded: dimensions can come
/// from outside, and each series takes memory for the life of the process. What is beyond the bound is counted in
/// `metrics_dropped_series_total` and not recorded. The same goes for a metric whose name is taken by another kind.
///
///     let exporter = PrometheusExporter()
///     MetricsSystem.bootstrap(exporter)
///     let text = exporter.exposition()
public final class PrometheusExporter: MetricsFactory {
    /// The media type of ``exposition()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Family {
        var type: MetricType
        var help: String
        // Keyed by the written labels, so that two series can never be shown alike.
        var series: [String: Series] = [:]
    }

    private enum Series {
        case counter(CounterSeries)
        case floatingPointCounter(FloatingPointCounterSeries)
        case gauge(GaugeSeries)
        case timer(TimerSeries)
        case recorder(RecorderSeries)

        var handler: AnyObject {
            switch self {
            case .counter(let handler): handler
            case .floatingPointCounter(let handler): handler
            case .gauge(let handler): handler
            case .timer(let handler): handler
            case .recorder(let handler): handler
            }
        }
    }

    private struct Registry {
        var families: [String: Family] = [:]
        var seriesCount = 0
    }

    private let help: [String: String]
    private let seriesLimit: Int
    private let dropped = CounterSeries()
    private let droppedSeries = DroppedSeries()
    // Touched when a metric is made, destroyed or shown; recording goes to the series and takes no lock.
    private let registry = Mutex(Registry())

    /// An exporter without metrics.
    ///
    /// - Parameters:
    ///   - help: what a metric means, by its label.
    ///   - seriesLimit: the largest number of series; a histogram counts as one.
    public init(help: [String: String] = [:], seriesLimit: Int = 10_000) {
        self.help = help
        self.seriesLimit = seriesLimit
    }

    /// All metrics, and those of the process, as text.
    public func exposition() -> String {
        let families = self.registry.withLock { $0.families }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            text.begin(name, family.type, help: family.help)
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                switch series {
                case .counter(let counter): text.sample(name, labels, counter.current)
                case .floatingPointCounter(let counter): text.sample(name, labels, counter.current)
                case .gauge(let gauge): text.sample(name, labels, gauge.current)
                case .timer(let timer): text.histogram(name, labels, timer.current)
                case .recorder(let recorder): text.histogram(name, labels, recorder.current)
                }
            }
        }
        text.begin("metrics_dropped_series_total", .counter, help: "Series that were not recorded, see the limit.")
        text.sample("metrics_dropped_series_total", "", self.dropped.current)
        ProcessMetrics.current().write(to: &text)
        return text.output
    }

    /// The series of a metric, made if it does not exist; `nil` if it cannot be recorded.
    private func series<Handler>(
        _ label: String,
        _ dimensions: [(String, String)],
        name: String,
        type: MetricType,
        make: () -> (Series, Handler),
        existing: (Series) -> Handler?
    ) -> Handler? {
        let labels = PrometheusText.labels(dimensions)
        let handler = self.registry.withLock { registry -> Handler? in
            var family = registry.families[name] ?? Family(type: type, help: self.help[label] ?? label)
            guard family.type == type, !ProcessMetrics.names.contains(name) else { return nil }
            if let series = family.series[labels] { return existing(series) }
            guard registry.seriesCount < self.seriesLimit else { return nil }
            let (series, handler) = make()
            family.series[labels] = series
            registry.families[name] = family
            registry.seriesCount += 1
            return handler
        }
        if handler == nil { self.dropped.increment(by: 1) }
        return handler
    }

    private func destroy(_ handler: AnyObject) {
        self.registry.withLock { registry in
            for (name, var family) in registry.families {
                guard let index = family.series.firstIndex(where: { $0.value.handler === handler }) else { continue }
                family.series.remove(at: index)
                registry.families[name] = family.series.isEmpty ? nil : family
                registry.seriesCount -= 1
                return
            }
        }
    }
}

// MARK: - MetricsFactory

extension PrometheusExporter {
    /// A counter, shown as `<label>_total`.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let series = self.series(
            label,
            dimensions,
            name: PrometheusText.name(label, suffix: "_total"),
            type: .counter,
            make: {
                let counter = CounterSeries()
                return (.counter(counter), counter)
            },
            existing: { if case .counter(let counter) = $0 { counter } else { nil } }
        )
        return series ?? self.droppedSeries
    }

    /// A counter of fractions, shown as `<label>_total`.
    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let series = self.series(
            label,
            dimensions,
            name: PrometheusText.name(label, suffix: "_total"),
            type: .counter,
            make: {
                let counter = FloatingPointCounterSeries()
                return (.floatingPointCounter(counter), counter)
            },
            existing: { if case .floatingPointCounter(let counter) = $0 { counter } else { nil } }
        )
        return series ?? self.droppedSeries
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.makeGauge(label, dimensions) ?? self.droppedSeries
    }

    /// A histogram if values are aggregated, else a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return self.makeGauge(label, dimensions) ?? self.droppedSeries }
        let series = self.series(
            label,
            dimensions,
            name: PrometheusText.name(label),
            type: .histogram,
            make: {
                let recorder = RecorderSeries()
                return (.recorder(recorder), recorder)
            },
            existing: { if case .recorder(let recorder) = $0 { recorder } else { nil } }
        )
        return series ?? self.droppedSeries
    }

    /// A histogram of seconds, shown as `<label>_seconds`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let series = self.series(
            label,
            dimensions,
            name: PrometheusText.name(label, suffix: "_seconds"),
            type: .histogram,
            make: {
                let timer = TimerSeries()
                return (.timer(timer), timer)
            },
            existing: { if case .timer(let timer) = $0 { timer } else { nil } }
        )
        return series ?? self.droppedSeries
    }

    private func makeGauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        self.series(
            label,
            dimensions,
            name: PrometheusText.name(label),
            type: .gauge,
            make: {
                let gauge = GaugeSeries()
                return (.gauge(gauge), gauge)
            },
            existing: { if case .gauge(let gauge) = $0 { gauge } else { nil } }
        )
    }

    /// Forgets a series.
    public func destroyCounter(_ handler: any CounterHandler) { self.destroy(handler) }
    /// Forgets a series.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { self.destroy(handler) }
    /// Forgets a series.
    public func destroyMeter(_ handler: any MeterHandler) { self.destroy(handler) }
    /// Forgets a series.
    public func destroyRecorder(_ handler: any RecorderHandler) { self.destroy(handler) }
    /// Forgets a series.
    public func destroyTimer(_ handler: any TimerHandler) { self.destroy(handler) }
}
