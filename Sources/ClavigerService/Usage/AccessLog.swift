public import ClavigerCore
public import ClavigerVerifier

/// Which entries of the access log to read; what is set must all be met.
public struct AccessLogFilter: Hashable, Sendable {
    /// Of this key.
    public var keyID: APIKey.ID?
    /// Of this consumer.
    public var consumerID: Consumer.ID?
    /// Of this api.
    public var apiID: API.ID?
    /// In this environment.
    public var environment: EnvironmentName?
    /// With this outcome, as the number that the journal has.
    public var code: UInt8?
    /// From a client in this network.
    public var network: CIDR?
    /// At or after this moment.
    public var from: Timestamp?
    /// Before this moment.
    public var to: Timestamp?

    /// Makes a filter that lets everything through.
    public init() {}
}

/// Where an entry is in the access log: the order of its days, and in a day that of the journal.
public struct AccessLogPosition: Hashable, Comparable, Sendable {
    /// The day whose file has the entry.
    public var day: UTCDay
    /// The number that the journal gave the record.
    public var sequence: UInt64

    /// Makes a position.
    public init(day: UTCDay, sequence: UInt64) {
        self.day = day
        self.sequence = sequence
    }

    /// Reads ``text``.
    public init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let day = UTCDay(parsing: String(parts[0])), let sequence = UInt64(parts[1]) else {
            return nil
        }
        self.init(day: day, sequence: sequence)
    }

    /// The position as text, to be sealed in a cursor.
    public var text: String { "\(self.day)/\(self.sequence)" }

    /// Whether `lhs` is the older one.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.day, lhs.sequence) < (rhs.day, rhs.sequence)
    }
}

/// One entry of the access log: a use of a key, or an attempt.
public struct AccessLogEntry: Hashable, Sendable {
    /// Where it is.
    public var position: AccessLogPosition
    /// When the decision was made.
    public var time: Timestamp
    /// The outcome, as the number that the journal has.
    public var code: UInt8
    /// Who asked for the decision.
    public var source: UsageRecord.Source
    /// The api of the key.
    public var apiID: API.ID?
    /// The environment of the key.
    public var environment: String?
    /// The owner of the key.
    public var consumerID: Consumer.ID?
    /// The key, when the token is one of ours.
    public var keyID: APIKey.ID?
    /// The version of the key's secret.
    public var credentialID: Credential.ID?
    /// The public part of the token, when it is one of ours.
    public var lookupID: LookupID?
    /// The address of the client.
    public var clientAddress: IPAddress?
    /// The method of the client's request.
    public var method: String?
    /// The path of the client's request, or the rule that it matched.
    public var path: String?
    /// Where the client says that its page comes from.
    public var origin: String?
    /// What the client calls itself.
    public var userAgent: String?
    /// How the protected service answered, where that is known.
    public var upstreamStatus: UInt16?
    /// What the use cost.
    public var cost: UInt32
    /// How long the decision took, in microseconds.
    public var latencyMicros: UInt32
    /// The id of the request that asked.
    public var requestID: String

    /// Makes the entry of a record.
    ///
    /// What the record says of credit accounts is not part of the access log.
    public init(_ record: UsageRecord, sequence: UInt64) {
        self.position = AccessLogPosition(day: UTCDay(record.time), sequence: sequence)
        self.time = record.time
        self.code = record.code
        self.source = record.source
        self.apiID = record.apiID.map(Identifier.init(bits:))
        self.environment = record.environment
        self.consumerID = record.consumerID.map(Identifier.init(bits:))
        self.keyID = record.keyID.map(Identifier.init(bits:))
        self.credentialID = record.credentialID.map(Identifier.init(bits:))
        self.lookupID = record.lookupID
        self.clientAddress = record.clientAddress
        self.method = record.method
        self.path = record.path
        self.origin = record.origin
        self.userAgent = record.userAgent
        self.upstreamStatus = record.upstreamStatus
        self.cost = record.cost
        self.latencyMicros = record.latencyMicros
        self.requestID = record.requestID
    }
}

/// A part of the access log.
public struct AccessLogPage: Hashable, Sendable {
    /// The entries, in the order that was asked for.
    public var entries: [AccessLogEntry]
    /// Where the next page begins; `nil` at the end of the log.
    ///
    /// A page can be short, or empty, without being the last: one page looks at a bounded part of the log, so that a
    /// filter that nearly nothing meets cannot keep the server busy.
    public var next: AccessLogPosition?

    /// Makes a page.
    public init(entries: [AccessLogEntry], next: AccessLogPosition?) {
        self.entries = entries
        self.next = next
    }
}
