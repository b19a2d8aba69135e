import Testing

@testable import ClavigerLog

@Suite("Proofs in files")
struct LogProofTests {
    private let policy: LogPolicy
    private let head: SignedNote

    init() throws {
        self.policy = try #require(
            LogPolicy(origin: try KnownLog.origin(), logKeys: [try KnownLog.signer().verifierKey])
        )
        self.head = try SignedNote(parsing: try #require(KnownLog.checkpoints[7]).utf8)
    }

    private func proof(_ index: Int, extra: [UInt8]? = nil) throws -> LogProof {
        let leaves = KnownLog.entries.prefix(7).map { LogHash.leaf($0) }
        let tree = MerkleTree(size: 7, source: MemoryTiles.of(leaves))
        let inclusion = try tree.inclusionProof(of: UInt64(index))
        return try #require(
            LogProof(index: UInt64(index), hashes: inclusion.hashes, checkpoint: self.head, extra: extra)
        )
    }

    @Test("every entry of the known log is proved", arguments: 0..<7)
    func proves(index: Int) throws {
        for extra in [nil, [1, 2, 3]] as [[UInt8]?] {
            let bytes = try self.proof(index, extra: extra).bytes
            let read = try LogProof(parsing: bytes)
            #expect(read.bytes == bytes)
            #expect(read.extra == extra)
            #expect(read.index == UInt64(index))
            #expect(try read.verify(entry: KnownLog.entries[index], by: self.policy).checkpoint.size == 7)
            for other in 0..<7 where other != index {
                #expect(throws: LogProofError.notIncluded) {
                    try read.verify(entry: KnownLog.entries[other], by: self.policy)
                }
            }
        }
    }

    @Test("the form of c2sp.org/tlog-proof")
    func form() throws {
        let checkpoint = try #require(KnownLog.checkpoints[7])
        let proof = try self.proof(6, extra: [0xFB, 0xFF])
        let lines = String(decoding: proof.bytes, as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        #expect(lines[0] == "c2sp.org/tlog-proof@v1")
        #expect(lines[1] == "extra +/8=")
        #expect(lines[2] == "index 6")
        #expect(lines[3...4].map { $0.utf8.count } == [44, 44])
        #expect(lines[5] == "")
        #expect(lines[6...].joined(separator: "\n") == checkpoint)
        let alone = try #require(LogProof(index: 0, hashes: [], checkpoint: try KnownLog.note(size: 1)))
        #expect(
            String(decoding: alone.bytes, as: UTF8.self)
                == "c2sp.org/tlog-proof@v1\nindex 0\n\n" + (try #require(KnownLog.checkpoints[1]))
        )
        #expect(try LogProof(parsing: alone.bytes) == alone)
        try alone.verify(entry: KnownLog.entries[0], by: self.policy)
    }

    @Test("every changed bit refuses the proof or is in what nothing vouches for")
    func changedBits() throws {
        let bytes = try self.proof(4).bytes
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                #expect(throws: LogProofError.self, "byte \(place), bit \(bit)") {
                    try LogProof(parsing: changed).verify(entry: KnownLog.entries[4], by: self.policy)
                }
            }
        }
        for length in bytes.indices {
            #expect(throws: LogProofError.self, "the first \(length) bytes") {
                try LogProof(parsing: bytes[..<length]).verify(entry: KnownLog.entries[4], by: self.policy)
            }
        }
    }

    @Test("what is not a proof")
    func malformed() throws {
        let good = String(decoding: try self.proof(4, extra: [1]).bytes, as: UTF8.self)
        let changes: [(String, String)] = [
            ("@v1", "@v2"), ("@v1\n", "@v1 \n"), ("@v1\n", "@v1\r\n"), ("c2sp.org", "C2SP.org"), ("c2sp", "\nc2sp"),
            ("extra AQ==", "extra"), ("extra AQ==", "extra "), ("extra AQ==", "extra  AQ=="),
            ("extra AQ==", "extra AQ"),
            ("extra AQ==", "extra AR=="), ("extra AQ==", "Extra AQ=="), ("extra AQ==\n", "extra AQ==\nextra AQ==\n"),
            ("index 4", "index 04"), ("index 4", "index  4"), ("index 4", "index +4"), ("index 4", "index 4 "),
            ("index 4", "index -4"), ("index 4", "index"), ("index 4", "index "), ("index 4\n", ""),
            ("index 4", "index 18446744073709551616"), ("index 4", "Index 4"), ("index 4\n", "index 4\nindex 4\n"),
            ("extra AQ==\nindex 4\n", "index 4\nextra AQ==\n"), ("=\n\nexample", "=\nexample"),
            ("=\n\nexample", "=\n\n\nexample"), ("=\n\nexample", "=\nAAAA\n\nexample"),
            ("=\n\nexample", "= \n\nexample"),
            ("testdata\n7\n", "testdata\n07\n"), ("testdata\n7\n", "testdata\n"),
        ]
        for (old, new) in changes {
            let text = good.replacing(old, with: new, maxReplacements: 1)
            #expect(text != good, "\(old)")
            #expect(throws: LogProofError.malformed, "\(old) as \(new)") { try LogProof(parsing: text.utf8) }
        }
        for text in ["", "\n", "\n\n", good + "\n", good + "x", " " + good, String(good.dropLast())] {
            #expect(throws: LogProofError.malformed) { try LogProof(parsing: text.utf8) }
        }
        #expect(throws: LogProofError.tooLong) {
            try LogProof(parsing: [UInt8](repeating: 10, count: LogProof.longest + 1))
        }
        let many = [LogHash](repeating: .emptyRoot, count: 65)
        #expect(LogProof(index: 0, hashes: many, checkpoint: self.head) == nil)
        #expect(LogProof(index: 0, hashes: many.dropLast(), checkpoint: self.head) != nil)
        #expect(LogProof(index: 0, hashes: [], checkpoint: self.head, extra: []) == nil)
        let hashes = many.map { $0.base64 + "\n" }.joined()
        let tooMany = good.replacing("index 4\n", with: "index 4\n" + hashes)
        #expect(throws: LogProofError.malformed) { try LogProof(parsing: tooMany.utf8) }
    }

    @Test("a proof is worth what its checkpoint is worth")
    func checkpoints() throws {
        let proof = try self.proof(2)
        let stranger = try Make.signer(KnownLog.name, 9)
        let other = try #require(LogPolicy(origin: try KnownLog.origin(), logKeys: [stranger.verifierKey]))
        #expect(throws: LogProofError.checkpoint(.note(.noKnownKey))) {
            try proof.verify(entry: KnownLog.entries[2], by: other)
        }
        let resigned = try SignedNote(self.head.text, signatures: [stranger.sign(self.head.text)])
        let forged = try #require(LogProof(index: 2, hashes: proof.hashes, checkpoint: resigned))
        #expect(throws: LogProofError.checkpoint(.note(.noKnownKey))) {
            try forged.verify(entry: KnownLog.entries[2], by: self.policy)
        }
        let elsewhere = try #require(LogProof(index: 3, hashes: proof.hashes, checkpoint: self.head))
        #expect(throws: LogProofError.notIncluded) { try elsewhere.verify(entry: KnownLog.entries[2], by: self.policy) }
        let outside = try #require(LogProof(index: 7, hashes: proof.hashes, checkpoint: self.head))
        #expect(throws: LogProofError.notIncluded) { try outside.verify(entry: KnownLog.entries[2], by: self.policy) }
    }
}
