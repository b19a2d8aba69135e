public import ClavigerCore

/// Who uses one credential of a key, from the access log.
public struct CredentialUse: Hashable, Sendable {
    /// A client as far as it can be told from others.
    public struct User: Hashable, Sendable {
        /// An IPv4 address, or 64 bits of an IPv6 address; nil when the address was not known.
        public var network: CIDR?
        /// What the client calls itself.
        public var userAgent: String?

        /// Makes a user.
        public init(network: CIDR?, userAgent: String?) {
            self.network = network
            self.userAgent = userAgent
        }
    }

    /// How often and when last.
    public struct Count: Hashable, Sendable {
        /// How often.
        public var count: Int64
        /// The last time.
        public var lastUsedAt: Timestamp

        /// Makes a count.
        public init(count: Int64, lastUsedAt: Timestamp) {
            self.count = count
            self.lastUsedAt = lastUsedAt
        }

        static func + (left: Self, right: Self) -> Self {
            Count(count: left.count + right.count, lastUsedAt: max(left.lastUsedAt, right.lastUsedAt))
        }
    }

    /// Of each user.
    public private(set) var users: [User: Count] = [:]
    /// Of each hour of UTC, by its beginning.
    public private(set) var hours: [Timestamp: Int64] = [:]

    /// Makes an account of no use.
    public init() {}

    /// Counts uses of a user in an hour.
    public mutating func add(_ user: User, hour: Timestamp, _ count: Count) {
        self.users[user] = self.users[user].map { $0 + count } ?? count
        self.hours[hour, default: 0] += count.count
    }

    /// The last use.
    public var lastUsedAt: Timestamp? { self.users.values.map(\.lastUsedAt).max() }
}
