public import HummingbirdCore
public import Logging

/// The largest number of connections that are open at once; later ones wait in the system's queue.
///
/// Without it, clients that open connections and keep them take every file descriptor of the process: then accepting
/// fails again and again, at full speed, and nothing says why.
public struct ConnectionLimit: AvailableConnectionsDelegate {
    private let limit: Int
    private let logger: Logger
    private var open = 0
    private var hasWarned = false

    /// - Parameters:
    ///   - limit: how many; a few more can be open when several arrive at the same moment.
    ///   - logger: is told when the limit is reached.
    public init(_ limit: Int, logger: Logger) {
        self.limit = limit
        self.logger = logger
    }

    /// Counts a connection; says once that there are no more to be had.
    public mutating func connectionOpened() {
        self.open += 1
        guard self.open >= self.limit, !self.hasWarned else { return }
        self.hasWarned = true
        self.logger.warning(
            "all connections are in use; new ones wait until others close",
            metadata: ["limit": .stringConvertible(self.limit)]
        )
    }

    /// Counts a connection less.
    public mutating func connectionClosed() {
        self.open -= 1
        // Not at the limit itself, where every connection that comes and goes would write a line.
        if self.open <= self.limit / 2 { self.hasWarned = false }
    }

    /// Whether another connection may be accepted.
    public func isAcceptingNewConnections() -> Bool {
        self.open < self.limit
    }
}
