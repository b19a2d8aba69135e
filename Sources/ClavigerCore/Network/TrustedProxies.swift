/// The proxies that may say on whose behalf they call.
///
/// The client address decides about network restrictions and is written to the audit log, so it is only ever taken
/// from a header that a trusted proxy wrote. Each proxy appends what it saw; the headers are therefore read from the
/// right, and reading stops at the first address that is not a trusted proxy: that one is the client. What stands
/// further left may have been invented by the client.
public struct TrustedProxies: Sendable, Hashable {
    /// The networks that trusted proxies are in.
    public let networks: [CIDR]

    /// No proxy is trusted unless networks are given.
    public init(_ networks: [CIDR] = []) {
        self.networks = networks
    }

    /// Whether the address belongs to a trusted proxy.
    public func contains(_ address: IPAddress) -> Bool {
        self.networks.contains { $0.contains(address) }
    }

    /// The address of the client behind a connection.
    ///
    /// An entry that cannot be read stops the walk: the answer is then the last trusted address, because anything
    /// further left cannot be vouched for. When every entry is a trusted proxy, the leftmost one is the client.
    ///
    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - forwarded: the values of `Forwarded` (RFC 7239), one per header line, in order.
    ///   - xForwardedFor: the values of `X-Forwarded-For`, one per header line, in order.
    /// - Returns: nil if both headers are there and tell of different clients. A proxy that writes one of them hands on
    ///   what the client has written into the other, and which is which cannot be seen from here.
    public func clientAddress(peer: IPAddress, forwarded: [String], xForwardedFor: [String]) -> IPAddress? {
        guard !self.networks.isEmpty, self.contains(peer) else { return peer }
        let older = self.walk(from: peer, lines: xForwardedFor, address: ForwardedEntry.xForwardedFor)
        guard !forwarded.isEmpty else { return older }
        let client = self.walk(from: peer, lines: forwarded, address: ForwardedEntry.forwarded)
        return xForwardedFor.isEmpty || client == older ? client : nil
    }

    /// The address of the client, as a proxy tells that is believed for how it reached this server.
    ///
    /// What the proxy appended itself is the last entry; from there on it is as with ``clientAddress(peer:forwarded:xForwardedFor:)``.
    ///
    /// - Parameter xForwardedFor: the values of `X-Forwarded-For`, one per header line, in order.
    /// - Returns: nil if the proxy tells nothing that can be read: the client is not known then.
    public func clientAddress(toldBy xForwardedFor: [String]) -> IPAddress? {
        var lines = xForwardedFor
        guard let line = lines.popLast() else { return nil }
        let entries = line.split(separator: ",", omittingEmptySubsequences: false)
        guard let last = entries.last, let peer = ForwardedEntry.xForwardedFor(last) else { return nil }
        lines.append(contentsOf: entries.dropLast().map(String.init))
        return self.clientAddress(peer: peer, forwarded: [], xForwardedFor: lines)
    }

    private func walk(from peer: IPAddress, lines: [String], address: (Substring) -> IPAddress?) -> IPAddress {
        var client = peer
        for line in lines.reversed() {
            // Splitting at every comma, quoted or not, keeps what a proxy appended apart from what the client sent:
            // no address has a comma in it, and an unbalanced quote on the left must not swallow the entry behind it.
            for entry in line.split(separator: ",", omittingEmptySubsequences: false).reversed() {
                guard let next = address(entry) else { return client }
                client = next
                guard self.contains(next) else { return client }
            }
        }
        return client
    }
}
