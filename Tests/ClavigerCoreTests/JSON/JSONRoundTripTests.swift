import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("JSON there and back")
struct JSONRoundTripTests {
    @Test("what is written reads back", arguments: [41, 42, 43, 44] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<250 {
            let value = Self.value(depth: 5, &generator)
            let bytes = value.serialized()
            let again = try JSON.parse(bytes)
            #expect(again.serialized() == bytes, "seed \(seed), round \(round)")
            // 1.0 is written as 1 (RFC 8785) and so comes back as a whole number; nothing else changes.
            #expect(again == Self.wholeNumbers(in: value), "seed \(seed), round \(round)")
            #expect(try JSON.parse(value.canonical()) == again, "seed \(seed), round \(round)")
            #expect(try JSON.parse(value.canonical()).canonical() == value.canonical(), "seed \(seed), round \(round)")
        }
    }

    @Test("canonical JSON does not depend on the order of members", arguments: [45] as [UInt64])
    func order(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let members = (0..<8).map { (Self.text(&generator) + "\($0)", Self.value(depth: 2, &generator)) }
            let one = JSON.object(JSONObject(members))
            let other = JSON.object(JSONObject(members.shuffled(using: &generator)))
            #expect(one == other, "seed \(seed)")
            #expect(one.hashValue == other.hashValue, "seed \(seed)")
            #expect(one.canonical() == other.canonical(), "seed \(seed)")
        }
    }

    @Test("every finite number reads back the same", arguments: [46] as [UInt64])
    func numbers(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let number = Double(bitPattern: generator.next())
            guard number.isFinite else { continue }
            let text = ECMAScriptNumber.text(number)
            #expect(Double(text) == number, "seed \(seed), \(text)")
            let read = try JSON.parse(Array(text.utf8))
            #expect(read == .number(number) || read.integer.map(Double.init) == number, "seed \(seed), \(text)")
        }
    }

    @Test("no bytes stop the parser", .timeLimit(.minutes(10)), arguments: [51, 52, 53] as [UInt64])
    func noise(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\u0123456789abcdefEtrunlsd+-. \n\0/\u{7F}é😀".utf8) + [0xFF, 0xC0, 0xED]
        for round in 0..<3000 {
            var bytes: [UInt8]
            switch round % 3 {
            case 0: bytes = SeededRandom(seed: generator.next()).bytes(Int.random(in: 0...64, using: &generator))
            case 1:
                bytes = (0..<Int.random(in: 0...200, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                }
            default:
                bytes = Self.value(depth: 4, &generator).serialized()
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                        in: 0...255,
                        using: &generator
                    )
                }
            }
            guard let value = try? JSON.parse(bytes) else { continue }
            let written = value.serialized()
            #expect((try? JSON.parse(written))?.serialized() == written, "seed \(seed), round \(round): \(bytes)")
        }
    }

    @Test("long and hostile texts take bounded time", .timeLimit(.minutes(10)))
    func hostile() {
        let texts = [
            String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 200_000),
            String(repeating: "1", count: 1_000_000), "1." + String(repeating: "1", count: 500_000) + "-",
            "1e" + String(repeating: "9", count: 500_000), "\"" + String(repeating: "\\u0041", count: 100_000),
            "\"" + String(repeating: "a", count: 1_000_000), String(repeating: " ", count: 1_000_000),
            "[" + String(repeating: "1.5e3,", count: 90_000) + "]",
            "{" + (0..<50_000).map { "\"n\($0)\":0" }.joined(separator: ",") + ",\"n0\":1}",
        ]
        for text in texts {
            #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
        }
    }

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()) >> Int64.random(in: 0...63, using: &generator))
        case 3:
            let number = Double(bitPattern: generator.next())
            return .number(number.isFinite ? number : 1e20)
        case 4:
            let power = Double([1e20, 1e21, 1e-7, 0.1, 3, 1e18, 1e19][Int.random(in: 0..<7, using: &generator)])
            return .number(power * Double(Int.random(in: -1000...1000, using: &generator)))
        case 5: return .string(Self.text(&generator))
        case 6, 7:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in Self.value(depth: depth - 1, &generator) })
        default:
            let count = Int.random(in: 0...20, using: &generator)
            return .object(
                JSONObject((0..<count).map { _ in (Self.text(&generator), Self.value(depth: depth - 1, &generator)) })
            )
        }
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let bound: UInt32 = [0x20, 0x80, 0x800, 0x11_0000][Int.random(in: 0..<4, using: &generator)]
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &generator)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func wholeNumbers(in value: JSON) -> JSON {
        switch value {
        case .number(let number):
            guard let whole = Int64(exactly: number), ECMAScriptNumber.text(number) == String(whole) else {
                // From 2^53 on the shortest digits may be another whole number than the exact one.
                guard let written = Int64(ECMAScriptNumber.text(number)) else { return value }
                return .integer(written)
            }
            return .integer(whole)
        case .array(let elements): return .array(elements.map(Self.wholeNumbers))
        case .object(let object):
            return .object(JSONObject(object.members.map { ($0.name, Self.wholeNumbers(in: $0.value)) }))
        default: return value
        }
    }
}
