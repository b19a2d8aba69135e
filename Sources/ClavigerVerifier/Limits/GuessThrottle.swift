public import ClavigerCore
import Synchronization

/// Makes guessing cost the guesser: networks that send many bad tokens are refused before anything is looked up.
///
/// A network is an IPv4 address or an IPv6 /64. Each bad token adds guilt, and guilt drains by 100 in a minute unless
/// configured otherwise. From 100 on the network is refused until one more fits: a burst of 100 guesses, then one each
/// 0.6 seconds. Refused tokens add nothing, so that waiting as long as told is always enough.
///
/// Valid tokens cost nothing, however many. Behind one address there can be a thousand people and one broken client:
/// every token that turns out good takes one bad one off, at most 100 in a minute. So a network with valid traffic may
/// send twice as many bad tokens as one without, and a guesser who owns a valid key gains no more than that. A network
/// beyond that is refused whole, valid tokens included, as telling them apart is the work that is to be saved.
///
/// The table has a fixed size and cannot be filled to hurt others. A place holds the exact network, so nobody is
/// refused for what another network did. Networks share sets of eight places by a secret hash; a newcomer to a full
/// set takes the place of the least guilty one. All that a collision costs is that the least guilty of nine guessing
/// networks in a set starts from nothing; to bring that about at will takes more guessing networks than the table has
/// places, and then it is guesses that get through to the look-up, where they are refused as ever.
public final class GuessThrottle: Sendable {
    /// How much guessing is borne.
    public struct Configuration: Hashable, Sendable {
        /// Bad tokens in a window before a network is refused.
        public var allowance: Int
        /// The time in which so many are forgotten; at most a day.
        public var window: Duration
        /// Networks in the table.
        public var networks: Int

        /// Makes a configuration.
        public init(allowance: Int = 100, window: Duration = .seconds(60), networks: Int = 65_536) {
            self.allowance = allowance
            self.window = window
            self.networks = networks
        }
    }

    private static let shardCount = 64

    /// Each table is touched only under its own lock, and nothing is called while it is held.
    private let shards: [Shard]
    private let secret: (UInt64, UInt64)

    private final class Shard: Sendable {
        let table: Mutex<GuessTable>

        init(_ table: sending GuessTable) {
            self.table = Mutex(table)
        }
    }

    /// Makes a throttle that suspects nobody.
    public init(configuration: Configuration = Configuration(), random: any RandomSource) {
        self.secret = (random.word(), random.word() | 1)
        self.shards = (0..<Self.shardCount).map { _ in
            Shard(
                GuessTable(
                    networks: configuration.networks / Self.shardCount,
                    allowance: configuration.allowance,
                    window: configuration.window
                )
            )
        }
    }

    /// How long the network of an address has to wait before it may send another token; nil if it may now.
    public func shouldRefuse(_ address: IPAddress, reporter: UInt64 = 0, at now: Uptime) -> Duration? {
        let network = GuessTable.Network(address, reporter: reporter)
        let hash = self.hash(network)
        return self.shard(hash).table.withLock { $0.wait(network, hash << 6, at: now) }
    }

    /// Counts a token that is not one of ours, or whose secret is wrong.
    public func recordBad(_ address: IPAddress, reporter: UInt64 = 0, at now: Uptime) {
        let network = GuessTable.Network(address, reporter: reporter)
        let hash = self.hash(network)
        self.shard(hash).table.withLock { $0.recordBad(network, hash << 6, at: now) }
    }

    /// Counts a token that is valid, which takes back one bad one.
    public func recordGood(_ address: IPAddress, reporter: UInt64 = 0, at now: Uptime) {
        let network = GuessTable.Network(address, reporter: reporter)
        let hash = self.hash(network)
        self.shard(hash).table.withLock { $0.recordGood(network, hash << 6, at: now) }
    }

    /// Takes one bad token back that was counted before it was known to be one; that forgives nothing else.
    func takeBack(_ address: IPAddress, reporter: UInt64 = 0, at now: Uptime) {
        let network = GuessTable.Network(address, reporter: reporter)
        let hash = self.hash(network)
        self.shard(hash).table.withLock { $0.takeBack(network, hash << 6, at: now) }
    }

    /// How many networks have any guilt, for metrics.
    public func guiltyNetworks(at now: Uptime) -> Int {
        self.shards.reduce(0) { count, shard in count + shard.table.withLock { $0.guilty(at: now) } }
    }

    /// The first six bits choose the table, the others the set in it.
    private func shard(_ hash: UInt64) -> Shard {
        self.shards[Int(hash >> 58)]
    }

    /// Mixes the network with the secret by two wide multiplications, so that nobody can aim at a set.
    private func hash(_ network: GuessTable.Network) -> UInt64 {
        let once = (network.bits ^ network.reporter ^ self.secret.0).multipliedFullWidth(by: self.secret.1)
        let mixed = once.high ^ once.low ^ (network.isV6 ? 0x9E37_79B9_7F4A_7C15 : 0)
        let twice = (mixed ^ self.secret.1).multipliedFullWidth(by: self.secret.0 | 1)
        return twice.high ^ twice.low
    }
}
