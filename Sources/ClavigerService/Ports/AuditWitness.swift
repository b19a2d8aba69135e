public import ClavigerLog

/// A witness that is asked to cosign the heads of the audit log (C2SP tlog-witness).
public protocol AuditWitness: Sendable {
    /// The key that its cosignatures are checked with.
    var key: VerifierKey { get }

    /// Asks once; the cosignatures of an answer are checked.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, and nothing else.
    func add(_ request: AddCheckpointRequest) async throws -> WitnessAnswer
}
