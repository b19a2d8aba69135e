import ClavigerLog
import ClavigerTestSupport
import Testing

@testable import ClavigerWitness

/// Every outcome of c2sp.org/tlog-witness, in the order in which they are found out.
@Suite struct SubmissionTests {
    private func decision(
        _ bytes: [UInt8],
        last: WitnessedHead?,
        knowing logs: [TestLog]
    ) -> WitnessDecision {
        do throws(WitnessRefusal) {
            return try Submission(
                parsing: bytes,
                from: KnownLogs(logs.map { KnownLog(origin: $0.origin, key: $0.key) })
            ).decision(after: last)
        } catch {
            return .refuse(error)
        }
    }

    private func head(_ log: TestLog, _ size: Int) -> WitnessedHead {
        WitnessedHead(size: UInt64(size), root: log.root(size))
    }

    @Test func firstCheckpoint() throws {
        let log = try TestLog(9)
        for size in 0...9 {
            #expect(try self.decision(log.request(from: 0, to: size).bytes, last: nil, knowing: [log]) == .cosign)
        }
        #expect(
            try self.decision(log.request(from: 0, to: 7).bytes, last: self.head(log, 0), knowing: [log]) == .cosign,
            "after the empty tree"
        )
        #expect(
            try self.decision(log.request(from: 0, to: 7, hashes: [log.root(3)]).bytes, last: nil, knowing: [log])
                == .refuse(.inconsistent),
            "a proof of nothing"
        )
        #expect(
            try self.decision(log.request(from: 0, to: 0, hashes: [log.root(3)]).bytes, last: nil, knowing: [log])
                == .refuse(.inconsistent)
        )
        #expect(
            try self.decision(log.request(from: 3, to: 7).bytes, last: nil, knowing: [log])
                == .refuse(.conflict(lastSize: 0))
        )
    }

    @Test func everyStepOfASmallLog() throws {
        let log = try TestLog(20)
        let fork = log.forked(after: 0)
        for older in 1...20 {
            for size in older...20 {
                let bytes = try log.request(from: older, to: size).bytes
                let context: Comment = "\(older) to \(size)"
                #expect(self.decision(bytes, last: self.head(log, older), knowing: [log]) == .cosign, context)
                let other = self.decision(bytes, last: self.head(fork, older), knowing: [log])
                #expect(
                    other == .refuse(older == size ? .forked(size: UInt64(size)) : .inconsistent),
                    context
                )
                #expect(
                    self.decision(bytes, last: self.head(log, older - 1), knowing: [log])
                        == .refuse(.conflict(lastSize: UInt64(older - 1))),
                    context
                )
            }
        }
    }

    @Test func wrongProofs() throws {
        let log = try TestLog(13)
        let last = self.head(log, 6)
        let right = log.proof(from: 6, to: 13)
        #expect(right.count > 2)
        let wrong = [
            [], right.dropLast(), Array(right.dropFirst()), right + [log.root(1)], right.reversed(),
            log.proof(from: 5, to: 13), log.proof(from: 6, to: 12),
        ]
        for hashes in wrong {
            let bytes = try log.request(from: 6, to: 13, hashes: Array(hashes)).bytes
            #expect(self.decision(bytes, last: last, knowing: [log]) == .refuse(.inconsistent))
        }
        let same = try log.request(from: 6, to: 6, hashes: [log.root(1)]).bytes
        #expect(self.decision(same, last: last, knowing: [log]) == .refuse(.inconsistent))
    }

    @Test func anOlderSizeThatIsTooLarge() throws {
        let log = try TestLog(9)
        let bytes = try log.request(from: 8, to: 7).bytes
        // Before it is compared with what was cosigned.
        for last in [nil, self.head(log, 8), self.head(log, 3)] {
            #expect(self.decision(bytes, last: last, knowing: [log]) == .refuse(.olderSizeTooLarge))
        }
    }

    @Test func anOlderCheckpoint() throws {
        let log = try TestLog(9)
        let bytes = try log.request(from: 4, to: 6).bytes
        #expect(self.decision(bytes, last: self.head(log, 8), knowing: [log]) == .refuse(.conflict(lastSize: 8)))
    }

    @Test func signatures() throws {
        let log = try TestLog(9)
        let stranger = try TestLog(9, seed: 2)
        let renamed = try TestLog(9, name: "log.example/2027", origin: "log.example/test", seed: 3)
        let bytes = try log.request(from: 0, to: 7).bytes
        #expect(self.decision(bytes, last: nil, knowing: []) == .refuse(.unknownOrigin))
        let other = try TestLog(1, name: "other.example")
        #expect(self.decision(bytes, last: nil, knowing: [other]) == .refuse(.unknownOrigin))
        #expect(self.decision(bytes, last: nil, knowing: [stranger]) == .refuse(.notSigned), "another key of that name")
        #expect(self.decision(bytes, last: nil, knowing: [stranger, log]) == .cosign, "one of several keys")
        #expect(
            try self.decision(renamed.request(from: 0, to: 7).bytes, last: nil, knowing: [log, renamed]) == .cosign,
            "a key of another name"
        )
        // Signatures of others beside it are passed over, and come before or behind.
        let checkpoint = try log.checkpoint(7)
        let ours = log.signer.sign(checkpoint.text)
        let theirs = stranger.signer.sign(checkpoint.text)
        for signatures in [[ours, theirs], [theirs, ours]] {
            let note = try SignedNote(checkpoint.text, signatures: signatures)
            let request = try #require(AddCheckpointRequest(olderSize: 0, hashes: [], checkpoint: note))
            let submission = try Submission(
                parsing: request.bytes,
                from: KnownLogs([KnownLog(origin: log.origin, key: log.key)])
            )
            #expect(submission.signature == ours)
        }
        // The signature of another size.
        let wrong = log.signer.sign(try log.checkpoint(6).text)
        let note = try SignedNote(checkpoint.text, signatures: [wrong])
        let request = try #require(AddCheckpointRequest(olderSize: 0, hashes: [], checkpoint: note))
        #expect(self.decision(request.bytes, last: nil, knowing: [log]) == .refuse(.notSigned))
        // Before anything is said about the sizes.
        let later = try #require(AddCheckpointRequest(olderSize: 9, hashes: [], checkpoint: note))
        #expect(self.decision(later.bytes, last: nil, knowing: [log]) == .refuse(.notSigned))
    }

    @Test func whatIsNoRequest() throws {
        let log = try TestLog(9)
        let good = try log.request(from: 4, to: 7).bytes
        let text = String(decoding: good, as: UTF8.self)
        let bad = [
            "", "\n", "old 4\n", String(text.dropLast()), text + "\n", text.replacing("old 4", with: "old 04"),
            text.replacing("old 4", with: "old -1"), text.replacing("old 4", with: "Old 4"),
            text.replacing("old 4", with: "old 18446744073709551616"), text.replacing("old 4\n", with: "old 4\r\n"),
            text.replacing("old 4\n", with: "old 4\nAAAA\n"), text.replacing("\n7\n", with: "\n07\n"),
            text.replacing("old 4\n", with: "old 4\n" + String(repeating: "\(log.root(1))\n", count: 64)),
        ]
        for bad in bad {
            #expect(bad != text)
            #expect(self.decision(Array(bad.utf8), last: nil, knowing: [log]) == .refuse(.malformed), "\(bad)")
        }
    }
}
