public import ClavigerService

/// The databases of recorded use: one for each day of the access log, and one for the roll-ups.
///
/// There can be many days; few are open at a time.
public protocol UsageDatabases: Sendable {
    /// The roll-ups.
    var usage: any Database { get }

    /// The days that there are, the oldest first.
    var days: [UTCDay] { get async throws }

    /// Lends the database of a day; it is neither closed nor removed before `body` has returned.
    ///
    /// - Parameters:
    ///   - creating: whether a day that does not exist is made.
    /// - Returns: what `body` returns; `nil` when there is no such day, or it is being removed.
    func withDay<T: Sendable>(
        _ day: UTCDay,
        creating: Bool,
        _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T?

    /// Where a day is kept, for messages.
    func location(of day: UTCDay) -> String

    /// Waits until nobody uses a day, and removes it.
    func removeDay(_ day: UTCDay) async throws

    /// Waits until all commits in the days are on the disk; those in the roll-ups are when they are acknowledged.
    func syncDays() async throws

    /// Waits for the work under way and closes.
    func close() async throws
}
