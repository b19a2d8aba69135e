public import Logging
import Synchronization

/// Keeps every log line as text, to be searched.
public final class RecordedLog: Sendable {
    private let state = Mutex<[String]>([])

    /// Makes an empty log.
    public init() {}

    /// Every line so far.
    public var lines: [String] { self.state.withLock { $0 } }

    /// A logger at level `trace` that writes here.
    public func logger(label: String = "test") -> Logger {
        var logger = Logger(label: label) { _ in Handler(log: self) }
        logger.logLevel = .trace
        return logger
    }

    private func add(_ line: String) {
        self.state.withLock { $0.append(line) }
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
            self.log.add("\(event.level) \(event.message) \(metadata)")
        }
    }
}
