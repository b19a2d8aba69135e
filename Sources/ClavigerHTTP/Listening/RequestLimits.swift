/// What a client may take of the server before its request is refused.
public struct RequestLimits: Sendable, Hashable {
    /// The time in which a whole request must arrive, from its first byte that was seen to its last.
    public var arrival: Duration
    /// Whether only the head has to arrive in that time, because whoever takes the body has a clock of its own.
    public var bodyHasTime = false
    /// Whether a client that waits for `100 Continue` is told at once; else whoever takes the body tells it.
    public var invites = true
    /// The time after which a connection without requests is closed.
    public var idle: Duration
    /// The time in which a TLS handshake must be done.
    public var handshake: Duration
    /// The time for which a refused client's further bytes are thrown away, so that it can read the refusal.
    public var linger: Duration
    /// The largest number of header lines.
    public var headerFields: Int
    /// The largest number of bytes in request line and header lines.
    public var headerBytes: Int

    /// The defaults are those of the configuration.
    public init(
        arrival: Duration = .seconds(30),
        idle: Duration = .seconds(60),
        handshake: Duration = .seconds(10),
        linger: Duration = .seconds(2),
        headerFields: Int = 100,
        headerBytes: Int = 16 * 1024
    ) {
        self.arrival = arrival
        self.idle = idle
        self.handshake = handshake
        self.linger = linger
        self.headerFields = headerFields
        self.headerBytes = headerBytes
    }
}
