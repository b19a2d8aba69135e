import ClavigerCore
import ClavigerLog
import Logging

/// Keeps one witness up to date with the log.
actor WitnessFollower {
    /// How many sizes are tried one after another: the witness names its own, which may change once while it is asked.
    private static let mostAttempts = 3
    private static let firstPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)
    /// How long the same is not said again in the server's log.
    private static let silence = Duration.seconds(3600)

    private let witness: any AuditWitness
    private let log: AuditLog
    private let alarm: Duration
    private let time: any TimeSource
    private let logger: Logger
    /// The size of the newest head that it cosigned, as this process has seen; 0 before.
    private var cosignedSize: UInt64 = 0
    private var hasCosigned = false
    private var failures = 0
    private var nextAt: Uptime?
    private var waitingSince: (wall: Timestamp, uptime: Uptime)?
    private var trouble: WitnessTrouble?
    private var troubleAt: Uptime?
    /// Since it named another tree it has cosigned nothing.
    private var isInConflict = false
    private var said: [String: Uptime] = [:]

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
        WitnessState(
            name: self.witness.key.name,
            standing: self.standing(at: self.time.uptime()),
            waitingSince: self.waitingSince?.wall,
            trouble: self.trouble
        )
    }

    private func standing(at now: Uptime) -> WitnessState.Standing {
        if self.isInConflict { return .inConflict }
        if let waitingSince, now - waitingSince.uptime >= self.alarm { return .missing }
        // One that comes and goes has not come back.
        let isSteady = self.troubleAt.map { now - $0 >= self.alarm } ?? true
        return self.hasCosigned && self.waitingSince == nil && isSteady ? .cosigning : .unsettled
    }

    /// Asks the witness to cosign the newest head, if it has not and it is time to ask.
    func turn() async {
        let now = self.time.uptime()
        guard let head = self.log.head, !self.isCosigned(head) else { return }
        if self.waitingSince == nil { self.waitingSince = (self.time.now(), now) }
        if let nextAt, now < nextAt { return }
        do {
            if let trouble = try await self.ask() { self.note(trouble) } else { self.noteCosigned() }
        } catch is CancellationError {
            return
        } catch {
            self.note(.noProof)
        }
    }

    private func isCosigned(_ head: AuditHead) -> Bool {
        let key = self.witness.key
        return head.note.signatures.contains { $0.name == key.name && $0.id == key.id }
    }

    /// Answers why it did not cosign; nil when it did.
    private func ask() async throws -> WitnessTrouble? {
        // What it names is believed for this once only: nobody signed it.
        var size = self.cosignedSize
        for _ in 0..<Self.mostAttempts {
            guard let (request, checkpoint) = try await self.request(from: size) else {
                return .conflict(lastSize: size)
            }
            switch try await self.witness.add(request) {
            case .cosigned(let cosignature):
                guard (try? self.log.add(cosignature, to: checkpoint)) != nil else { return .unverified }
                self.cosignedSize = checkpoint.size
                return nil
            case .conflict(let named):
                // It saw another tree of this size, or it has forgotten what it cosigned, which it must never do.
                guard named != size, named >= self.cosignedSize else { return .conflict(lastSize: named) }
                size = named
            // The tree does not continue the one that it cosigned.
            case .refused(status: 422): return .conflict(lastSize: size)
            case .refused(let status): return .refused(status: status)
            case .unverified: return .unverified
            case .unreachable: return .unreachable
            }
        }
        return .refused(status: 409)
    }

    /// What to send to a witness that cosigned last at a size; nil where the newest head is smaller.
    private func request(from size: UInt64) async throws -> (AddCheckpointRequest, Checkpoint)? {
        guard let (hashes, note, checkpoint) = try await self.log.head(since: size) else { return nil }
        guard let request = AddCheckpointRequest(olderSize: size, hashes: hashes, checkpoint: note) else {
            preconditionFailure("a consistency proof has no more hashes than a tree has levels")
        }
        return (request, checkpoint)
    }

    private func noteCosigned() {
        if self.failures > 0, self.mayBeSaid("back") {
            self.logger.notice("a witness cosigns again", metadata: ["witness": "\(self.witness.key.name)"])
        }
        (self.hasCosigned, self.isInConflict) = (true, false)
        (self.failures, self.nextAt, self.waitingSince, self.trouble) = (0, nil, nil, nil)
    }

    private func note(_ trouble: WitnessTrouble) {
        let now = self.time.uptime()
        if case .conflict = trouble { self.isInConflict = true }
        (self.trouble, self.troubleAt) = (trouble, now)
        if self.mayBeSaid(trouble.word) { self.say(trouble) }
        self.nextAt = now + min(Self.firstPause * (1 << min(self.failures, 5)), Self.longestPause)
        self.failures += 1
    }

    private func mayBeSaid(_ word: String) -> Bool {
        let now = self.time.uptime()
        if let last = self.said[word], now - last < Self.silence { return false }
        self.said[word] = now
        return true
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
