import ClavigerLog
import ClavigerService
import ClavigerTestSupport

/// A witness that does what it is told to.
actor FakeWitness: AuditWitness {
    enum Mood: Sendable {
        case works
        case says(WitnessAnswer)
        /// Names another size each time.
        case wavers
    }

    nonisolated let key: VerifierKey
    private let cosigner: Cosigner
    /// What it cosigned last.
    private(set) var head: Checkpoint?
    private var mood = Mood.works
    /// How often it was asked.
    private(set) var asked = 0

    init(_ name: String = "witness.example/w1", seed: UInt8 = 7) throws {
        guard let name = NoteKeyName(name),
            let cosigner = Cosigner(name: name, seed: [UInt8](repeating: seed, count: NoteSigner.seedLength))
        else { throw TestLog.Failure() }
        self.cosigner = cosigner
        self.key = cosigner.verifierKey
    }

    func be(_ mood: Mood) { self.mood = mood }

    /// Has it believe that it cosigned this.
    func remember(_ head: Checkpoint) { self.head = head }

    /// As c2sp.org/tlog-witness says.
    func add(_ request: AddCheckpointRequest) throws -> WitnessAnswer {
        self.asked += 1
        switch self.mood {
        case .works: break
        case .says(let answer): return answer
        case .wavers: return .conflict(lastSize: UInt64(self.asked))
        }
        guard let checkpoint = Checkpoint(parsing: request.checkpoint.text),
            let time = CosignatureTime(seconds: UInt64(self.asked))
        else { return .refused(status: 400) }
        guard request.olderSize == self.head?.size ?? 0 else { return .conflict(lastSize: self.head?.size ?? 0) }
        if let head {
            let proof = ConsistencyProof(olderSize: head.size, size: checkpoint.size, hashes: request.hashes)
            guard proof.proves(head.root, isIn: checkpoint.root) else {
                return head.size == checkpoint.size ? .conflict(lastSize: head.size) : .refused(status: 422)
            }
        }
        self.head = checkpoint
        return .cosigned(self.cosigner.cosign(checkpoint, at: time))
    }
}
