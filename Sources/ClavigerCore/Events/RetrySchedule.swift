/// When a delivery that failed is tried again.
///
/// The pause doubles up to a cap, and each one is drawn from three to five quarters of that, so that what failed together
/// does not come back together.
public struct RetrySchedule: Hashable, Sendable {
    /// The pause after the first attempt.
    public var first: Duration
    /// The longest pause.
    public var longest: Duration
    /// How many attempts there are, the first included.
    public var attempts: Int

    /// Makes a schedule; by default 21 attempts in a little more than three days.
    public init(first: Duration = .seconds(2), longest: Duration = .seconds(12 * 3600), attempts: Int = 21) {
        self.first = first
        self.longest = longest
        self.attempts = attempts
    }

    /// The longest wait that a receiver can ask for.
    public static let longestWait = Duration.seconds(24 * 3600)

    /// The pause after a number of attempts that failed; nil when there are no more.
    ///
    /// - Parameter asked: how long the receiver asked to wait (`Retry-After`): it is never tried earlier.
    public func pause(afterAttempts count: Int, asked: Duration? = nil, from random: any RandomSource) -> Duration? {
        guard count < self.attempts else { return nil }
        let doublings = min(max(count - 1, 0), 40)
        let (doubled, overflow) = self.first.wholeMilliseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let longest = self.longest.wholeMilliseconds
        let pause = overflow ? longest : min(doubled, longest)
        // 3/4 to 5/4 in steps of a thousandth of the half.
        let jittered = pause * 3 / 4 + pause / 2 * Int64(random.word() % 1001) / 1000
        return max(.milliseconds(jittered), min(asked ?? .zero, Self.longestWait))
    }
}
