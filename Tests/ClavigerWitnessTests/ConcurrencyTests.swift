import ClavigerClient
import ClavigerLog
import ClavigerTestSupport
import Hummingbird
import HummingbirdTesting
import Testing

@testable import ClavigerWitness

@Suite struct ConcurrencyTests {
    /// A hundred clients, half of which show the witness another tree: whichever is first, the other is never cosigned.
    @Test(.timeLimit(.minutes(2)), arguments: 0..<5)
    func oneForkOfTwo(round: Int) async throws {
        let main = try TestLog(40)
        let fork = main.forked(after: 8)
        let witness = try TestWitness([main])
        let cosigned = try await Application(responder: witness.responder).test(.live) { test in
            let url = try ServerURL(parsing: "http://127.0.0.1:\(try #require(test.port))")
            let client = try WitnessClient(url: url, key: witness.witness.key, timeout: .seconds(120))
            let start = try await client.add(main.request(from: 0, to: 8))
            guard case .cosigned = start else {
                Issue.record("\(start)")
                return [Checkpoint]()
            }
            let cosigned = try await withThrowingTaskGroup(of: Checkpoint?.self) { tasks in
                for number in 0..<100 {
                    let log = number.isMultiple(of: 2) ? main : fork
                    let size = 9 + (number / 2 + round) % 31
                    tasks.addTask { try await Self.insist(client, log, size) }
                }
                return try await tasks.reduce(into: [Checkpoint]()) { all, one in
                    if let one { all.append(one) }
                }
            }
            await client.shutDown()
            return cosigned
        }
        #expect(!cosigned.isEmpty)
        let ofMain = try cosigned.filter { try $0 == main.checkpoint(Int($0.size)) }
        #expect(ofMain.isEmpty || ofMain.count == cosigned.count, "both were cosigned")
        // What is kept is the largest of them.
        let kept = try WitnessStore(folder: witness.folder.path, key: witness.witness.key).head(of: main.origin)
        #expect(kept?.size == cosigned.map(\.size).max())
    }

    /// Asks as a log does: with the size that the witness says it knows.
    private static func insist(_ client: WitnessClient, _ log: TestLog, _ size: Int) async throws -> Checkpoint? {
        var older = 8
        for _ in 0..<40 {
            switch try await client.add(log.request(from: older, to: size)) {
            case .cosigned: return try log.checkpoint(size)
            case .conflict(let last):
                guard last < UInt64(size), Int(last) != older else { return nil }
                older = Int(last)
            case .refused(let status):
                #expect(status == 422)
                return nil
            case let other:
                Issue.record("\(other)")
                return nil
            }
        }
        return nil
    }
}
