import ClavigerLog
import ClavigerTestSupport
import Testing

@testable import ClavigerWitness

@Suite struct KnownLogsTests {
    @Test func aKeyAloneNamesItsLog() throws {
        let log = try TestLog(1)
        let known = try KnownLog(parsing: log.key.text)
        #expect(known == KnownLog(origin: log.origin, key: log.key))
    }

    @Test(arguments: ["log.example/other", "a=b", "with space", "x+y", "="])
    func anOriginCanBeGiven(_ origin: String) throws {
        let log = try TestLog(1)
        let known = try KnownLog(parsing: "\(origin)=\(log.key)")
        #expect(known.origin.text == origin)
        #expect(known.key == log.key)
    }

    @Test func aNameMayHaveEquals() throws {
        let log = try TestLog(1, name: "log.example/a=b")
        #expect(try KnownLog(parsing: log.key.text).origin.text == "log.example/a=b")
        #expect(try KnownLog(parsing: "o=\(log.key)").origin.text == "o")
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let key = try TestLog(1).key.text
        for text in ["", "log.example", "=\(key)", "\(key)x", "x\(key)", "o=x\(key)", "PRIVATE+KEY+\(key)"] {
            #expect(throws: NoteKeyError.self, "\(text)") { try KnownLog(parsing: text) }
        }
    }

    @Test func severalKeysOfOneLog() throws {
        let old = try TestLog(1, seed: 1)
        let new = try TestLog(1, name: "log.example/2027", origin: "log.example/test", seed: 2)
        let other = try TestLog(1, name: "b.example", seed: 3)
        let logs = KnownLogs([old, new, old, other].map { KnownLog(origin: $0.origin, key: $0.key) })
        #expect(logs.origins.map(\.text) == ["b.example", "log.example/test"])
        #expect(logs.keys(of: old.origin) == [old.key, new.key])
        #expect(logs.sign(with: new.key))
        #expect(try !logs.sign(with: TestLog(1, seed: 4).key))
    }
}
