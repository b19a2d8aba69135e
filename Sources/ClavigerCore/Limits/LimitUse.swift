/// A limit together with the counter that it is counted in.
///
/// Made once for a snapshot: the counter's id takes a hash.
public struct LimitUse: Hashable, Sendable {
    /// The limit.
    public let limit: RateLimit
    /// Where its uses are counted.
    public let counter: CounterID
    /// Whether the counter is one of those that callers make up, which must not take the room of the others.
    public let isAdHoc: Bool

    /// Names the counter of a limit.
    ///
    /// See ``CounterID/init(_:of:limit:)`` for the owner. The counter cannot be given apart from the limit, so that
    /// uses with one counter always have one algorithm and one window.
    public init(_ limit: RateLimit, of kind: CounterID.Kind, _ owner: [String]) {
        self.limit = limit
        self.counter = CounterID(kind, of: owner, limit: limit)
        self.isAdHoc = kind == .adHoc
    }
}
