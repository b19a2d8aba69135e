import ClavigerCore

/// For whom a slow hash is computed.
struct SlowHashAsker {
    /// Where the token came from, and who says so; an IPv6 network is a /64.
    let network: GuessTable.Network
    /// Whether it is known where it came from; if not, all clients of a caller are taken for one network.
    let isKnown: Bool
    /// Whether wrong tokens count: they do not for those that somebody reports who was found worthy of trust.
    let isCounted: Bool
    let address: IPAddress
    let reporter: UInt64

    init(_ address: IPAddress?, reporter: UInt64, isCounted: Bool) {
        self.address = address ?? .v6(0)
        self.reporter = reporter
        self.network = GuessTable.Network(self.address, reporter: reporter)
        self.isKnown = address != nil
        self.isCounted = isCounted
    }
}

extension SlowHashQueue {
    /// How long somebody has to wait whose attempts were wrong too often; nil if they need not.
    func wait(for asker: SlowHashAsker, at now: Uptime) -> Duration? {
        asker.isCounted ? self.attempts.shouldRefuse(asker.address, reporter: asker.reporter, at: now) : nil
    }

    /// Counts an attempt.
    func count(_ asker: SlowHashAsker, at now: Uptime) {
        if asker.isCounted { self.attempts.recordBad(asker.address, reporter: asker.reporter, at: now) }
    }

    /// Takes an attempt back that was right, or that cost nothing.
    func takeBack(_ asker: SlowHashAsker, at now: Uptime) {
        if asker.isCounted { self.attempts.takeBack(asker.address, reporter: asker.reporter, at: now) }
    }
}
