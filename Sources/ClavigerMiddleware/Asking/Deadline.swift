/// Ends what takes too long.
enum Deadline {
    struct Exceeded: Error {}

    /// Runs `body`, and cancels it when the time is over.
    ///
    /// - Throws: ``Exceeded``, and what `body` throws.
    static func run<Result: Sendable>(
        within time: Duration,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: time)
                throw Exceeded()
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw Exceeded() }
            return result
        }
    }
}
