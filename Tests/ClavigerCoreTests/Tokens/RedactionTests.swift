import Crypto
import Testing

@testable import ClavigerCore

@Suite("Secrets redact themselves")
struct RedactionTests {
    private struct Holder {
        let token: KeyToken
        let digest: KeyDigest
        let list: [KeyToken]
        let optional: KeyToken?
        let byName: [String: KeyToken]
        let result: Result<KeyToken, KeyTokenError>
    }

    private enum Failure: Error {
        case with(KeyToken, KeyDigest)
    }

    /// Everything that Swift's ways of showing a value write.
    private static func shown(_ value: some Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        var debugged = ""
        debugPrint(value, to: &debugged)
        var printed = ""
        print(value, to: &printed)
        func reflected(_ value: Any, _ depth: Int) -> String {
            guard depth < 8 else { return "" }
            return Mirror(reflecting: value).children.map { child in
                "\(child.label ?? "") \(child.value) \(String(reflecting: child.value)) \(reflected(child.value, depth + 1))"
            }.joined(separator: " ")
        }
        return [
            "\(value)", String(describing: value), String(reflecting: value), dumped, debugged, printed,
            reflected(value, 0),
        ]
    }

    @Test("a token is never shown beyond its public start", arguments: TokenFixtures.all)
    func token(text: String) throws {
        let token = try KeyToken(parsing: text)
        let digest = TokenHasher(peppers: [1: SymmetricKey(data: [UInt8](repeating: 1, count: 32))], current: 1).digest(
            of: token
        )
        let holder = Holder(
            token: token,
            digest: digest,
            list: [token],
            optional: token,
            byName: ["a": token],
            result: .success(token)
        )
        let shown =
            Self.shown(token) + Self.shown([token]) + Self.shown(Optional(token)) + Self.shown(["a": token])
            + Self.shown(holder) + Self.shown(Failure.with(token, digest)) + Self.shown((1, token))
            + Self.shown(Failure.with(token, digest) as any Error) + Self.shown(holder.result)
        let secret = String(text.dropLast(6).suffix(43))
        let bytes = "\(Array(secret.utf8))".dropFirst().dropLast()
        for line in shown {
            #expect(!line.contains(text))
            // Any part of the secret is too much; eight characters of it do not come by chance.
            for start in 0...35 {
                #expect(!line.contains(secret.dropFirst(start).prefix(8)))
            }
            #expect(!line.contains(bytes.prefix(24)))
        }
        #expect("\(token)" == "KeyToken(\(token.publicStart)…)")
        #expect(Mirror(reflecting: token).children.isEmpty)
    }

    @Test("a digest is never shown")
    func digest() throws {
        let digest = try #require(KeyDigest(bytes: (0..<32).map { 0xA0 + UInt8($0) }, pepperVersion: 7))
        let shown = Self.shown(digest) + Self.shown([digest]) + Self.shown(Optional(digest)) + Self.shown(["a": digest])
        let words = [digest.words.0, digest.words.1, digest.words.2, digest.words.3]
        for line in shown {
            #expect(!line.lowercased().contains("a0a1"))
            #expect(!line.contains("160"))
            for word in words {
                #expect(!line.contains(String(word)))
                #expect(!line.lowercased().contains(String(word, radix: 16)))
            }
        }
        #expect("\(digest)" == "KeyDigest(redacted)")
    }
}
