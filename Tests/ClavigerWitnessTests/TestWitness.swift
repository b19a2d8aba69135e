import ClavigerCore
import ClavigerHTTP
import ClavigerLog
import ClavigerTestSupport
import Foundation
import Hummingbird
import Testing

@testable import ClavigerWitness

/// A witness in a temporary folder.
struct TestWitness {
    static let seconds: UInt64 = 1_795_243_200

    let folder: TemporaryFolder
    let witness: Witness
    let log = RecordedLog()

    init(_ logs: [TestLog], folder: TemporaryFolder? = nil, seed: UInt8 = 9, time: ManualTime = ManualTime()) throws {
        let begins = folder == nil
        let folder = try folder ?? TemporaryFolder()
        let known = KnownLogs(logs.map { KnownLog(origin: $0.origin, key: $0.key) })
        self.folder = folder
        if begins { #expect(try WitnessStore.begin(in: folder.path)) }
        self.witness = try Witness(of: known, cosigner: try Self.cosigner(seed), folder: folder.path, time: time)
    }

    static func cosigner(_ seed: UInt8 = 9, name: String = "witness.example/w1") throws -> Cosigner {
        guard let name = NoteKeyName(name),
            let cosigner = Cosigner(name: name, seed: [UInt8](repeating: seed, count: 32))
        else { throw TestLog.Failure() }
        return cosigner
    }

    var responder: WitnessResponder {
        let requestIDs = RequestIDs(random: SeededRandom())
        return WitnessResponder(self.witness, requestIDs: requestIDs, isSecure: false, logger: self.log.logger())
    }

    func file(of log: TestLog) -> URL {
        URL(fileURLWithPath: self.folder.path).appendingPathComponent(WitnessStore.fileName(of: log.origin))
    }

    /// What it decided, without the cosignature.
    func decision(_ request: AddCheckpointRequest) throws -> WitnessDecision {
        switch try self.witness.add(request.bytes) {
        case .cosigned: .cosign
        case .refused(let refusal, _): .refuse(refusal)
        }
    }
}
