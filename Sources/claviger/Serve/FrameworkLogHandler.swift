import Logging

/// Passes what the web framework says on to the server's own log, if it is a warning or worse.
///
/// The framework puts an id of its own into every request's logger, which other handlers format at once; here it costs
/// nothing unless a line is written.
struct FrameworkLogHandler: LogHandler {
    private let logger: Logger
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(_ logger: Logger) {
        self.logger = logger
        self.logLevel = max(logger.logLevel, .warning)
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
        self.logger.log(level: event.level, event.message, metadata: metadata)
    }
}
