public import ClavigerCore
public import ClavigerLog
public import Logging

/// Has witnesses cosign the heads of the audit log, and knows which of them is missing.
public struct AuditWitnesses: Sendable {
    /// How often it is looked whether there is something to ask.
    private static let pause = Duration.milliseconds(50)

    private let followers: [WitnessFollower]

    /// Makes what asks these witnesses.
    ///
    /// - Parameter alarm: after which time without a cosignature that it was asked for a witness is missing.
    public init(
        _ witnesses: [any AuditWitness],
        of log: AuditLog,
        alarm: Duration,
        time: any TimeSource,
        logger: Logger
    ) {
        self.followers = witnesses.map {
            WitnessFollower($0, of: log, alarm: alarm, time: time, logger: logger)
        }
    }

    /// Asks until the task is cancelled; one that hangs holds up no other.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for follower in self.followers {
                group.addTask {
                    while !Task.isCancelled {
                        await follower.turn()
                        try? await Task.sleep(for: Self.pause)
                    }
                }
            }
        }
    }

    /// Asks each whose turn it is once, one after the other.
    public func runOnce() async {
        for follower in self.followers { await follower.turn() }
    }

    /// What has become of each witness.
    public var states: [WitnessState] {
        get async {
            var states: [WitnessState] = []
            for follower in self.followers { states.append(await follower.state) }
            return states
        }
    }
}

/// Why a witness does not cosign.
public enum WitnessTrouble: Hashable, Sendable {
    /// It saw another tree: one that is larger, of this size with another root, or that this one does not continue.
    case conflict(lastSize: UInt64?)
    /// It answered with this status of HTTP.
    case refused(status: Int)
    /// What it answered with is no cosignature by its key.
    case unverified
    /// It did not answer in time.
    case unreachable
    /// The server itself could not make the proof that it needs.
    case noProof

    /// The word for it.
    var word: String {
        switch self {
        case .conflict: "conflict"
        case .refused: "refused"
        case .unverified: "unverified"
        case .unreachable: "unreachable"
        case .noProof: "no_proof"
        }
    }

    /// What goes on record besides the word.
    var details: [(String, Int64)] {
        switch self {
        case .conflict(let size?): [("lastSize", Int64(clamping: size))]
        case .refused(let status): [("status", Int64(status))]
        default: []
        }
    }
}

/// What has become of a witness.
public struct WitnessState: Hashable, Sendable {
    /// Whether its cosignatures can be counted on.
    public enum Standing: Hashable, Sendable {
        /// They can, and have been for as long as the alarm.
        case cosigning
        /// It is not known yet, or again.
        case unsettled
        /// A head has waited for it for as long as the alarm.
        case missing
        /// It says that it saw another tree, and has cosigned nothing since.
        case inConflict
    }

    /// The name of its key.
    public let name: NoteKeyName
    /// Whether its cosignatures can be counted on.
    public let standing: Standing
    /// Since when a head has waited for it; nil while none does.
    public let waitingSince: Timestamp?
    /// Why it did not cosign when it was asked last.
    public let trouble: WitnessTrouble?
}
