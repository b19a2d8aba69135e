import Foundation

/// The open files that the system allows this process, each connection being one.
enum FileDescriptors {
    /// As many as the largest number of connections needs, with room; some systems' hard limit is a thousand million.
    private static let enough: rlim_t = 65_536
    /// The largest number of connections, each with some memory, whatever the system allows.
    private static let mostConnections = 10_000
    /// What the database, the log, the secrets and the event loops have open.
    private static let reserved = 128

    /// Raises the limit as far as this user may: what a process starts with is often 1,024.
    static func raiseLimit() {
        guard var limit = self.limit() else { return }
        let wanted = min(limit.rlim_max, self.enough)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        // If it is refused, fewer connections are allowed: `connections` asks again.
        #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        setrlimit(RLIMIT_NOFILE, &limit)
        #endif
    }

    /// How many connections may be open at once.
    static func connections() -> Int {
        self.limit().map { self.connections(ofFiles: $0.rlim_cur) } ?? self.mostConnections
    }

    /// How many connections each of several servers in this process may have open at once.
    static func connections(sharedBy servers: Int) -> Int {
        self.limit().map { self.connections(ofFiles: $0.rlim_cur / rlim_t(servers)) } ?? self.mostConnections
    }

    /// How many connections may be open at once where the system allows so many files.
    static func connections(ofFiles files: rlim_t) -> Int {
        let files = Int(min(files, self.enough))
        return max(1, min(self.mostConnections, max(files - self.reserved, files / 2)))
    }

    /// How many of Envoy's connections may be open at once: few carry many requests, and the files kept back are enough.
    static func envoyConnections() -> Int {
        max(16, self.connections() / 16)
    }

    private static func limit() -> rlimit? {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        #if canImport(Glibc)
        let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        let result = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return result == 0 ? limit : nil
    }
}
