import ClavigerCore

/// Part of the networks that sent bad tokens: sets of eight places, of fixed size.
///
/// A network belongs to one set. When the set is full, the least guilty network in it is forgotten, so that a flood of
/// networks with one bad token each pushes out only its like.
struct GuessTable {
    /// A network: the IPv4 address, or the first 64 bits of the IPv6 address.
    struct Network: Hashable {
        let bits: UInt64
        let isV6: Bool
        /// Who says that the tokens came from there: what one caller says does not count against another's clients.
        let reporter: UInt64

        init(_ address: IPAddress, reporter: UInt64) {
            self.reporter = reporter
            switch address {
            case .v4(let address): (self.bits, self.isV6) = (UInt64(address), false)
            case .v6(let address): (self.bits, self.isV6) = (UInt64(truncatingIfNeeded: address >> 64), true)
            }
        }
    }

    /// Guilt and forgiveness are kept as the uptime at which they will be gone (see ``TokenBucketCounter``).
    private struct Place {
        var network: Network
        var guiltyUntil: Int64
        var forgivenUntil: Int64
    }

    private static let setSize = 8

    /// What one bad token costs, in nanoseconds of guilt.
    private let price: Int64
    /// The guilt from which on a network is refused.
    private let most: Int64
    private var places: [Place]

    init(networks: Int, allowance: Int, window: Duration) {
        let sets = max(1, (networks + Self.setSize - 1) / Self.setSize)
        let allowance = Int64(max(1, allowance))
        let window = min(max(window.wholeMilliseconds, 1), 86_400_000) * 1_000_000
        self.price = max(1, (window + allowance - 1) / allowance)
        self.most = self.price * allowance
        let nobody = Place(network: Network(.v6(0), reporter: 0), guiltyUntil: 0, forgivenUntil: 0)
        self.places = Array(repeating: nobody, count: sets * Self.setSize)
    }

    /// How long the network has to wait, or nil if it does not.
    func wait(_ network: Network, _ hash: UInt64, at now: Uptime) -> Duration? {
        guard let place = self.place(of: network, hash) else { return nil }
        // One more bad token has to fit: a network that waits as told may send one token, not a new series.
        let wait = self.places[place].guiltyUntil - now.counted + self.price - self.most
        return wait > 0 ? .nanoseconds(wait) : nil
    }

    mutating func recordBad(_ network: Network, _ hash: UInt64, at now: Uptime) {
        let place: Int
        if let known = self.place(of: network, hash) {
            place = known
        } else {
            place = self.leastGuilty(hash)
            self.places[place] = Place(network: network, guiltyUntil: 0, forgivenUntil: 0)
        }
        // Many bad tokens can be under way when the first is refused. They must not lock the network for hours.
        let guilt = max(self.places[place].guiltyUntil, now.counted) + self.price
        self.places[place].guiltyUntil = min(guilt, now.counted + 2 * self.most)
    }

    mutating func recordGood(_ network: Network, _ hash: UInt64, at now: Uptime) {
        guard let place = self.place(of: network, hash), self.places[place].guiltyUntil > now.counted else { return }
        let forgiven = max(self.places[place].forgivenUntil, now.counted) + self.price
        guard forgiven <= now.counted + self.most else { return }
        self.places[place].forgivenUntil = forgiven
        self.places[place].guiltyUntil -= self.price
    }

    /// Takes one bad token back as if it had never been.
    mutating func takeBack(_ network: Network, _ hash: UInt64, at now: Uptime) {
        guard let place = self.place(of: network, hash), self.places[place].guiltyUntil > now.counted else { return }
        self.places[place].guiltyUntil -= self.price
    }

    /// How many networks are guilty at all.
    func guilty(at now: Uptime) -> Int {
        self.places.count { $0.guiltyUntil > now.counted }
    }

    private func place(of network: Network, _ hash: UInt64) -> Int? {
        for place in self.set(of: hash) where self.places[place].network == network { return place }
        return nil
    }

    private func leastGuilty(_ hash: UInt64) -> Int {
        var least = self.set(of: hash).lowerBound
        for place in self.set(of: hash) where self.places[place].guiltyUntil < self.places[least].guiltyUntil {
            least = place
        }
        return least
    }

    private func set(of hash: UInt64) -> Range<Int> {
        let sets = UInt64(self.places.count / Self.setSize)
        let first = Int(hash.multipliedFullWidth(by: sets).high) * Self.setSize
        return first..<(first + Self.setSize)
    }
}
