import AsyncHTTPClient
import ClavigerCore

/// Keeps connections: one client for each name and the address that it was found to have.
///
/// A client connects to that address and to no other, whatever the name leads to later.
actor ClientCache {
    struct Key: Hashable {
        let host: String
        let address: IPAddress
    }

    private struct Entry {
        let client: HTTPClient
        var users = 0
        var lastUse: UInt64
    }

    private static let capacity = 64

    private let configuration: @Sendable () -> HTTPClient.Configuration
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var isClosed = false

    init(configuration: @escaping @Sendable () -> HTTPClient.Configuration) {
        self.configuration = configuration
    }

    /// Lends a client; nil when the cache is closed.
    func borrow(_ key: Key) -> HTTPClient? {
        guard !self.isClosed else { return nil }
        self.uses += 1
        var entry = self.entries[key] ?? Entry(client: self.make(key), lastUse: self.uses)
        entry.users += 1
        entry.lastUse = self.uses
        self.entries[key] = entry
        return entry.client
    }

    /// Takes a client back, and ends the one that was not used for longest when there are too many.
    func giveBack(_ key: Key) async {
        self.entries[key]?.users -= 1
        guard self.entries.count > Self.capacity else { return }
        let idle = self.entries.filter { $0.value.users == 0 }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        self.entries[oldest.key] = nil
        try? await oldest.value.client.shutdown()
    }

    /// Ends all clients; nothing is lent from now on.
    func close() async {
        self.isClosed = true
        let entries = self.entries
        self.entries = [:]
        for entry in entries.values { try? await entry.client.shutdown() }
    }

    private func make(_ key: Key) -> HTTPClient {
        var configuration = self.configuration()
        // The certificate is still checked for the name, and the name is what Host says.
        configuration.dnsOverride = [key.host: key.address.description]
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
