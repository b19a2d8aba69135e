import ClavigerCore
import ClavigerTestSupport
import Testing

@Suite struct LineReadingTests {
    private static func lines(_ pieces: [[UInt8]], longest: Int = 64 * 1024) -> [LineSplitter.Line] {
        var splitter = LineSplitter(longest: longest)
        var lines: [LineSplitter.Line] = []
        for piece in pieces { splitter.take(piece) { lines.append($0) } }
        if let last = splitter.finish() { lines.append(last) }
        return lines
    }

    @Test func linesEndWithLFOrCRLFOrNothing() {
        let lines = Self.lines([[0xEF, 0xBB, 0xBF] + Array("one\r\ntwo\n\nfour".utf8)])
        #expect(lines.map(\.number) == [1, 2, 3, 4])
        #expect(lines.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } } == ["one", "two", "", "four"])
        #expect(Self.lines([]).isEmpty)
        #expect(Self.lines([Array("one\n".utf8)]).count == 1)
    }

    @Test func aLineThatIsTooLongIsToldAndNotKept() {
        let long = [UInt8](repeating: 65, count: 100)
        let lines = Self.lines([long, long, Array("\nshort\n".utf8)], longest: 99)
        #expect(lines.map(\.bytes) == [nil, Array("short".utf8)])
        #expect(Self.lines([Array(long.prefix(99)), Array("\r\n".utf8)], longest: 99).first?.bytes?.count == 99)
        #expect(Self.lines([long], longest: 99).map(\.bytes) == [nil])
    }

    /// Wherever the pieces of a stream end, the lines are the same.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func theLinesDoNotDependOnThePieces(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let alphabet = Array("ab\",\n\n\r".utf8) + [0xEF, 0xBB, 0xBF, 0]
        let text = random.bytes(400).map { alphabet[Int($0) % alphabet.count] }
        var pieces: [[UInt8]] = []
        var rest = text[...]
        while !rest.isEmpty {
            let count = Int(random.bytes(1)[0]) % 9
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(Self.lines(pieces, longest: 12) == Self.lines([text], longest: 12), "seed \(seed)")
        let joined = Self.lines([text]).compactMap(\.bytes).count
        let ends = text.count { $0 == UInt8(ascii: "\n") }
        #expect(joined == ends || joined == ends + 1)
    }

    @Test(arguments: [
        ("a,b,c", ["a", "b", "c"]), ("", [""]), (",", ["", ""]), (#""a,b",c"#, ["a,b", "c"]),
        (#""say ""hi""",x"#, [#"say "hi""#, "x"]), (#""""#, [""]), (#"{},"{""a"": 1}""#, ["{}", #"{"a": 1}"#]),
    ])
    func aRecordIsTakenApart(line: String, fields: [String]) throws {
        #expect(try CSVRecord(parsing: Array(line.utf8)).fields == fields)
    }

    @Test(arguments: [#"a,"b"#, #"a"b"#, #""a"b,c"#, #"""#])
    func aBrokenRecordIsRefused(line: String) {
        #expect(throws: FieldError.self) { try CSVRecord(parsing: Array(line.utf8)) }
    }

    @Test func whatIsNotUTF8IsRefused() {
        #expect(throws: FieldError.self) { try CSVRecord(parsing: [0xC3]) }
    }

    /// What is written by the rules of RFC 4180 is read as it was.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func whatIsWrittenIsRead(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let alphabet = Array("ab\", é")
        let fields = (0..<5).map { _ in String(random.bytes(6).map { alphabet[Int($0) % alphabet.count] }) }
        let line = fields.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ",")
        #expect(try CSVRecord(parsing: Array(line.utf8)).fields == fields, "seed \(seed)")
    }

    /// Whatever comes, it ends with fields or an error.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func anyBytesAreReadOrRefused(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        let bytes = random.bytes(40).map { $0 % 4 == 0 ? UInt8(ascii: "\"") : $0 % 4 == 1 ? UInt8(ascii: ",") : $0 }
        _ = try? CSVRecord(parsing: bytes)
    }
}
