#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the system knows about this process, under the names that Prometheus client libraries use.
///
/// Read from `/proc` when asked; elsewhere than on Linux there are no values.
struct ProcessMetrics {
    var residentBytes: UInt64?
    var cpuSeconds: Double?
    var startSeconds: Double?
    var openFiles: Int?
    var maximumFiles: UInt64?

    private static let resident = "process_resident_memory_bytes"
    private static let cpu = "process_cpu_seconds_total"
    private static let start = "process_start_time_seconds"
    private static let open = "process_open_fds"
    private static let maximum = "process_max_fds"

    /// Names that no other metric may take.
    static let names: Set<String> = [resident, cpu, start, open, maximum, "metrics_dropped_series_total"]

    static func current() -> ProcessMetrics {
        var metrics = ProcessMetrics()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        if let stat = Self.read("/proc/self/stat"), let end = stat.lastIndex(of: ")") {
            // The second field is the program's name in parentheses and may contain anything; see proc(5).
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> UInt64? { number - 3 < fields.count ? UInt64(fields[number - 3]) : nil }
            if let user = field(14), let system = field(15) {
                metrics.cpuSeconds = Double(user + system) / ticks
            }
            if let started = field(22), let boot = Self.bootSeconds() {
                metrics.startSeconds = boot + Double(started) / ticks
            }
            if let pages = field(24) {
                metrics.residentBytes = pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
            }
        }
        metrics.openFiles = Self.countOpenFiles()
        var limit = rlimit()
        #if canImport(Glibc)
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let files = RLIMIT_NOFILE
        #endif
        if getrlimit(files, &limit) == 0 { metrics.maximumFiles = UInt64(limit.rlim_cur) }
        return metrics
    }

    func write(to text: inout PrometheusText) {
        if let value = self.cpuSeconds {
            text.begin(Self.cpu, .counter, help: "User and system CPU time spent, in seconds.")
            text.sample(Self.cpu, "", value)
        }
        if let value = self.maximumFiles {
            text.begin(Self.maximum, .gauge, help: "Largest number of open file descriptors.")
            text.sample(Self.maximum, "", value)
        }
        if let value = self.openFiles {
            text.begin(Self.open, .gauge, help: "Number of open file descriptors.")
            text.sample(Self.open, "", value)
        }
        if let value = self.residentBytes {
            text.begin(Self.resident, .gauge, help: "Resident memory size in bytes.")
            text.sample(Self.resident, "", value)
        }
        if let value = self.startSeconds {
            text.begin(Self.start, .gauge, help: "Start time of the process since the Unix epoch, in seconds.")
            text.sample(Self.start, "", value)
        }
    }

    private static func bootSeconds() -> Double? {
        guard let stat = Self.read("/proc/stat") else { return nil }
        let line = stat.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func countOpenFiles() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Not counted: `.`, `..` and the descriptor of this listing.
        return count - 3
    }

    private static func read(_ path: String) -> String? {
        // `/proc/stat` grows with the number of processors and interrupts.
        guard let file = try? BoundedFile(path: path, limit: 4 << 20) else { return nil }
        return String(decoding: file.bytes, as: UTF8.self)
    }
}
