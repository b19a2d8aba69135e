public import ClavigerCore
public import ClavigerLog
import Synchronization

/// What a witness answers to a request.
public enum WitnessVerdict: Hashable, Sendable {
    /// It cosigned, and has kept that it did.
    case cosigned(NoteSignature, Submission)
    /// It did not; the submission is there if its signature was good.
    case refused(WitnessRefusal, Submission?)
}

/// Cosigns the checkpoints of logs, never two that contradict each other (c2sp.org/tlog-witness).
public final class Witness: Sendable {
    /// The newest tree of one log that this process knows to be on the disk.
    ///
    /// Whoever holds it decides, writes the file and cosigns: if the three were apart, an older checkpoint could replace
    /// a newer one, or be called the newest.
    private final class Slot: Sendable {
        let newest = Mutex<WitnessedHead?>(nil)
    }

    private let logs: KnownLogs
    private let cosigner: Cosigner
    private let store: WitnessStore
    private let time: any TimeSource
    private let slots: [NoteLine: Slot]

    /// Makes a witness of these logs.
    ///
    /// - Parameter folder: where it keeps what it cosigned; held by this process alone.
    public init(
        of logs: KnownLogs,
        cosigner: Cosigner,
        folder: String,
        time: any TimeSource
    ) throws(WitnessStoreError) {
        self.logs = logs
        self.cosigner = cosigner
        self.store = try WitnessStore(folder: folder, key: cosigner.verifierKey)
        self.time = time
        self.slots = Dictionary(uniqueKeysWithValues: logs.origins.map { ($0, Slot()) })
    }

    /// The key that cosignatures are checked with.
    public var key: VerifierKey { self.cosigner.verifierKey }

    /// The logs whose file cannot be used, with why.
    ///
    /// Waits for the disk.
    public func damages() -> [(origin: NoteLine, error: WitnessStoreError)] {
        self.logs.origins.compactMap { origin in
            do throws(WitnessStoreError) {
                _ = try self.store.head(of: origin)
                return nil
            } catch {
                return (origin, error)
            }
        }
    }

    /// Answers the body of `POST /add-checkpoint`.
    ///
    /// Waits for the disk: not for an event loop.
    public func add(_ body: some Collection<UInt8>) throws -> WitnessVerdict {
        let submission: Submission
        do throws(WitnessRefusal) {
            submission = try Submission(parsing: body, from: self.logs)
        } catch {
            return .refused(error, nil)
        }
        let origin = submission.checkpoint.origin
        guard let slot = self.slots[origin] else { return .refused(.unknownOrigin, nil) }
        return try slot.newest.withLock { newest in
            let last = try self.last(of: origin, notBefore: newest)
            switch submission.decision(after: last) {
            case .refuse(let refusal):
                return .refused(refusal, submission)
            case .cosign:
                let cosignature = self.cosigner.cosign(submission.checkpoint, at: try self.now())
                // Also if nothing is new: a write that failed halfway may have left the file and not its name.
                try self.store.keep(try WitnessRecord(submission, cosignature: cosignature), of: origin)
                newest = submission.head
                return .cosigned(cosignature, submission)
            }
        }
    }

    /// What the disk says was cosigned last, unless this process knows better.
    private func last(of origin: NoteLine, notBefore newest: WitnessedHead?) throws(WitnessStoreError) -> WitnessedHead?
    {
        let kept = try self.store.head(of: origin)
        guard let newest else { return kept }
        // One that is larger was written by a request that then failed; it was proved all the same.
        guard let kept, kept.size > newest.size || kept == newest else {
            throw .rolledBack(path: self.store.path(of: origin))
        }
        return kept
    }

    private func now() throws(WitnessClockError) -> CosignatureTime {
        let seconds = self.time.now().milliseconds / 1000
        guard seconds > 0, let time = CosignatureTime(seconds: UInt64(seconds)) else { throw WitnessClockError() }
        return time
    }
}

/// The clock of the machine says a time before 1970, which no cosignature can have.
public struct WitnessClockError: Error, Hashable, Sendable {}
