import CoreMetrics
import Synchronization

// The handlers that metrics write to. Everything here runs on hot paths: a write is one atomic addition, in a
// histogram two. `relaxed` suffices, since no other memory is published with a number.

/// A whole number that only grows.
final class CounterSeries: CounterHandler {
    private let value = Atomic<Int64>(0)

    var current: Int64 { self.value.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        // A counter that goes down reads as a restart.
        guard amount > 0 else { return }
        self.value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        self.value.store(0, ordering: .relaxed)
    }
}

/// A floating-point number that only grows.
final class FloatingPointCounterSeries: FloatingPointCounterHandler {
    private let value = AtomicDouble()

    var current: Double { self.value.load() }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        self.value.add(amount)
    }

    func reset() {
        self.value.store(0)
    }
}

/// A number that goes up and down.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let value = AtomicDouble()

    var current: Double { self.value.load() }

    func set(_ value: Int64) { self.value.store(Double(value)) }
    func set(_ value: Double) { self.value.store(value) }
    func increment(by amount: Double) { self.value.add(amount) }
    func decrement(by amount: Double) { self.value.add(-amount) }
    func record(_ value: Int64) { self.set(value) }
    func record(_ value: Double) { self.set(value) }
}

/// How often durations fell into which range.
final class TimerSeries: TimerHandler {
    /// Upper bounds in nanoseconds: a verification takes microseconds, a batch may take a second.
    private static let bounds: [Int64] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    private let counts = BucketCounts(TimerSeries.bounds.count)
    private let sum = Atomic<Int64>(0)

    func recordNanoseconds(_ duration: Int64) {
        guard duration >= 0 else { return }
        self.counts.increment(Self.bounds.firstIndex { duration <= $0 })
        self.sum.wrappingAdd(duration, ordering: .relaxed)
    }

    var current: HistogramSnapshot {
        HistogramSnapshot(
            bounds: Self.bounds.map { Double($0) / 1e9 },
            counts: self.counts.current,
            sum: Double(self.sum.load(ordering: .relaxed)) / 1e9
        )
    }
}

/// How often recorded values, such as sizes, fell into which range.
final class RecorderSeries: RecorderHandler {
    private static let bounds: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000, 10_000_000,
    ]

    private let counts = BucketCounts(RecorderSeries.bounds.count)
    private let sum = AtomicDouble()

    func record(_ value: Int64) { self.record(Double(value)) }

    func record(_ value: Double) {
        // One NaN would make the sum NaN for ever.
        guard value.isFinite else { return }
        self.counts.increment(Self.bounds.firstIndex { value <= $0 })
        self.sum.add(value)
    }

    var current: HistogramSnapshot {
        HistogramSnapshot(bounds: Self.bounds, counts: self.counts.current, sum: self.sum.load())
    }
}

/// Takes what is recorded beyond the limit of series, and forgets it.
final class DroppedSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    func increment(by amount: Int64) {}
    func increment(by amount: Double) {}
    func decrement(by amount: Double) {}
    func set(_ value: Int64) {}
    func set(_ value: Double) {}
    func record(_ value: Int64) {}
    func record(_ value: Double) {}
    func recordNanoseconds(_ duration: Int64) {}
    func reset() {}
}

/// The state of a histogram at one moment.
struct HistogramSnapshot {
    /// Upper bounds, ascending; values above the last are counted too.
    var bounds: [Double]
    /// Values per bucket, not cumulated; one more than there are bounds.
    var counts: [UInt64]
    var sum: Double
}

/// One count per bucket, and one for what is above all bounds.
private final class BucketCounts: Sendable {
    private final class Count: Sendable {
        let value = Atomic<UInt64>(0)
    }

    // Atomics cannot be elements of an array; boxes can.
    private let counts: [Count]

    init(_ bounds: Int) {
        self.counts = (0...bounds).map { _ in Count() }
    }

    /// Counts a value in the bucket, or above all bounds if there is none.
    func increment(_ bucket: Int?) {
        self.counts[bucket ?? (self.counts.count - 1)].value.wrappingAdd(1, ordering: .relaxed)
    }

    var current: [UInt64] { self.counts.map { $0.value.load(ordering: .relaxed) } }
}

/// A floating-point number that several threads add to.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var current = self.bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = self.bits.weakCompareExchange(
                expected: current,
                desired: sum,
                ordering: .relaxed
            )
            if exchanged { return }
            current = original
        }
    }
}
