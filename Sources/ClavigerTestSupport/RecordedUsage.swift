public import ClavigerCore
public import ClavigerVerifier
import Synchronization

/// Keeps records in memory, and has no room for more when it is told so.
public final class RecordedUsage: UsageSink {
    private struct State {
        var records: [UsageRecord] = []
        var isFull = false
    }

    private let state = Mutex(State())

    /// Begins with nothing.
    public init() {}

    /// Everything that was recorded.
    public var records: [UsageRecord] { self.state.withLock { $0.records } }

    /// Lets no more records in, or does again.
    public func setFull(_ isFull: Bool) {
        self.state.withLock { $0.isFull = isFull }
    }

    /// Keeps a record.
    public func append(_ record: UsageRecord) throws(JournalFull) -> UInt64 {
        let number = self.state.withLock { state -> UInt64? in
            guard !state.isFull else { return nil }
            state.records.append(record)
            return UInt64(state.records.count)
        }
        guard let number else { throw JournalFull("There is no room in this test.") }
        return number
    }

    /// Memory outlives no power cut; tests do not wait for one.
    public func waitUntilDurable(_ sequence: UInt64) async throws {}
}

extension UseRecording {
    /// What tests record where it does not matter.
    public static let test = UseRecording(
        workspaceID: Workspace.ID(bits: 1),
        source: .verify,
        requestID: "req_test"
    )
}

extension Verifier {
    /// Decides about a token, recorded as ``UseRecording/test``.
    public func verify(
        _ token: PresentedToken,
        _ query: VerificationQuery,
        isVisible: (KeySnapshot) -> Bool
    ) async throws -> Verdict {
        try await self.verify(token, query, recording: .test, isVisible: isVisible)
    }
}
