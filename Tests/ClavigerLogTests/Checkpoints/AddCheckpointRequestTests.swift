import Testing

@testable import ClavigerLog

@Suite("Requests to witnesses")
struct AddCheckpointRequestTests {
    // The example of c2sp.org/tlog-witness.
    private static let example = """
        old 20852014
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

        """

    @Test("the example of c2sp.org/tlog-witness")
    func example() throws {
        let request = try #require(AddCheckpointRequest(parsing: Self.example.utf8))
        #expect(request.olderSize == 20_852_014)
        #expect(request.hashes.count == 4)
        #expect(request.checkpoint.signatures.count == 2)
        #expect(Checkpoint(parsing: request.checkpoint.text)?.size == 20_852_163)
        #expect(request.bytes == Array(Self.example.utf8))
        let first = try #require(
            AddCheckpointRequest(olderSize: 0, hashes: [], checkpoint: try KnownLog.note(size: 1))
        )
        #expect(AddCheckpointRequest(parsing: first.bytes) == first)
    }

    @Test("what is not a request")
    func malformed() throws {
        let changes: [(String, String)] = [
            ("old 20852014", "old 020852014"), ("old 20852014", "old  20852014"), ("old 20852014", "old"),
            ("old 20852014", "old "), ("old 20852014", "20852014"), ("old 20852014\n", ""),
            ("old 20852014\n", "old 20852014\r\n"), ("kaw=\n", "kaw=\n\n"), ("kaw=\n", "kaw\n"),
            ("kaw=\n", "kaw=\nAAAA\n"), ("kaw=\n", "kaw= \n"), ("/0=\n\n", "/0=\n"), ("/0=\n\n", "/0=\n\n\n"),
            ("20852163", "020852163"), ("—", "-"), ("YQ8=", "YQ8"),
        ]
        for (old, new) in changes {
            let text = Self.example.replacing(old, with: new, maxReplacements: 1)
            #expect(text != Self.example, "\(old)")
            #expect(AddCheckpointRequest(parsing: text.utf8) == nil, "\(old) as \(new)")
        }
        #expect(AddCheckpointRequest(parsing: "".utf8) == nil)
        #expect(AddCheckpointRequest(parsing: Self.example.dropLast().utf8) == nil)
        #expect(AddCheckpointRequest(parsing: (Self.example + "\n").utf8) == nil)
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        for count in [59, 60] {
            let text = Self.example.replacing(hash, with: String(repeating: hash, count: count + 1))
            #expect((AddCheckpointRequest(parsing: text.utf8) != nil) == (count + 4 <= 63))
        }
        let checkpoint = try KnownLog.note(size: 1)
        let many = [LogHash](repeating: .emptyRoot, count: 64)
        #expect(AddCheckpointRequest(olderSize: 1, hashes: many, checkpoint: checkpoint) == nil)
    }
}
