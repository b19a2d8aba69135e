import Foundation

/// Clocks and figures for benchmarks.
public enum Measuring {
    /// Nanoseconds of a clock that never jumps.
    @inline(__always)
    public static func nanoseconds() -> Int64 {
        Self.read(CLOCK_MONOTONIC)
    }

    /// Nanoseconds of processor time that all threads of this process have used.
    public static func processorNanoseconds() -> Int64 {
        Self.read(CLOCK_PROCESS_CPUTIME_ID)
    }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Writes one figure as a line `name value`, at once.
    public static func report(_ name: String, _ value: some CustomStringConvertible) {
        FileHandle.standardOutput.write(Data("\(name) \(value)\n".utf8))
    }
}

extension [Int64] {
    /// The value that `share` of all values do not exceed.
    public func percentile(_ share: Double) -> Int64 {
        self.isEmpty ? 0 : self.sorted()[Int((Double(self.count - 1) * share).rounded())]
    }
}

extension [Double] {
    /// The middle value.
    public var median: Double {
        self.isEmpty ? .nan : self.sorted()[self.count / 2]
    }
}
