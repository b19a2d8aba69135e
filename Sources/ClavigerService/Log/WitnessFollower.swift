import ClavigerCore
import ClavigerLog
import Logging

/// Keeps one witness up to date with the log.
actor WitnessFollower {
    /// How many sizes are tried one after another: the witness names its own, which may change once while it is asked.
    private static let mostAttempts = 3
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)

    private let witness: any AuditWitness
    private let log: AuditLog
    private let alarm: Duration
    private let time: any TimeSource
    private let logger: Logger
    /// The size that the witness cosigned last, as far as is known: it says so itself where that is wrong.
    private var lastSize: UInt64 = 0
    private var failures = 0
    private var nextAt: Uptime?
    private var waitingSince: (wall: Timestamp, uptime: Uptime)?
    private var trouble: WitnessTrouble?

    init(
        _ witness: any AuditWitness,
        of log: AuditLog,
        alarm: Duration,
        time: any TimeSource,
        logger: Logger
    ) {
        self.witness = witness
        self.log = log
        self.alarm = alarm
        self.time = time
        self.logger = logger
    }

    var state: WitnessState {
        let waited = self.waitingSince.map { self.time.uptime() - $0.uptime } ?? .zero
        // One that saw another tree does not come back by waiting.
        let isConflict = if case .conflict = self.trouble { true } else { false }
        return WitnessState(
            name: self.witness.key.name,
            waitingSince: self.waitingSince?.wall,
            trouble: self.trouble,
            isMissing: isConflict || waited >= self.alarm
        )
    }

    /// Asks the witness to cosign the newest head, if it has not and it is time to ask.
    func turn() async {
        let now = self.time.uptime()
        guard let head = self.log.head, !self.hasCosigned(head) else { return }
        if self.waitingSince == nil { self.waitingSince = (self.time.now(), now) }
        if let nextAt, now < nextAt { return }
        let trouble: WitnessTrouble?
        do {
            trouble = try await self.ask()
        } catch is CancellationError {
            return
        } catch {
            trouble = .noProof
        }
        self.note(trouble)
    }

    private func hasCosigned(_ head: AuditHead) -> Bool {
        let key = self.witness.key
        return head.note.signatures.contains { $0.name == key.name && $0.id == key.id }
    }

    /// Answers why it did not cosign; nil when it did.
    private func ask() async throws -> WitnessTrouble? {
        for _ in 0..<Self.mostAttempts {
            guard let request = try await self.request() else { return .conflict(lastSize: self.lastSize) }
            switch try await self.witness.add(request.request) {
            case .cosigned(let cosignatures):
                self.lastSize = request.checkpoint.size
                self.log.add(cosignatures, to: request.checkpoint)
                return nil
            case .conflict(let size):
                // It saw another tree of this size.
                if size == request.request.olderSize { return .conflict(lastSize: size) }
                self.lastSize = size
            // The tree does not continue the one that it cosigned.
            case .refused(status: 422): return .conflict(lastSize: self.lastSize)
            case .refused(let status): return .refused(status: status)
            case .unverified: return .unverified
            case .unreachable: return .unreachable
            }
        }
        return .refused(status: 409)
    }

    /// Asks for the newest head; nil where that is smaller than what the witness cosigned.
    private func request() async throws -> (request: AddCheckpointRequest, checkpoint: Checkpoint)? {
        guard let (hashes, note, checkpoint) = try await self.log.head(since: self.lastSize) else { return nil }
        guard let request = AddCheckpointRequest(olderSize: self.lastSize, hashes: hashes, checkpoint: note) else {
            preconditionFailure("a consistency proof has no more hashes than a tree has levels")
        }
        return (request, checkpoint)
    }

    private func note(_ trouble: WitnessTrouble?) {
        defer { self.trouble = trouble }
        guard let trouble else {
            if self.failures > 0 {
                self.logger.notice("a witness cosigns again", metadata: ["witness": "\(self.witness.key.name)"])
            }
            (self.failures, self.nextAt, self.waitingSince) = (0, nil, nil)
            return
        }
        if trouble != self.trouble { self.say(trouble) }
        let pause = Self.firstPause * (1 << min(self.failures, 5))
        self.failures += 1
        self.nextAt = self.time.uptime() + min(pause, Self.longestPause)
    }

    private func say(_ trouble: WitnessTrouble) {
        let metadata: Logger.Metadata = [
            "witness": "\(self.witness.key.name)", "reason": "\(trouble.word)",
        ].merging(trouble.details.map { ($0.0, "\($0.1)") }) { $1 }
        guard case .conflict = trouble else {
            self.logger.warning("a witness does not cosign; it is asked again", metadata: metadata)
            return
        }
        self.logger.critical(
            "a witness says that it cosigned another tree than this log has: the log or the witness was set back",
            metadata: metadata
        )
    }
}
