import Testing

@testable import ClavigerLog

@Suite("Hashes of the log")
struct LogHashTests {
    @Test("leaves, nodes and the empty tree, as RFC 6962 and its implementations answer")
    func knownAnswers() {
        #expect(Hex.text(LogHash.emptyRoot.bytes) == KnownTree.roots[0])
        #expect(Hex.text(LogHash.leaf([]).bytes) == KnownTree.roots[1])
        #expect(
            Hex.text(LogHash.leaf(Array("L123456".utf8)).bytes)
                == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        )
        #expect(Hex.text(LogHash.node(KnownTree.leaves[0], KnownTree.leaves[1]).bytes) == KnownTree.roots[2])
        // The same bytes from a collection that is not contiguous.
        let entry = Array("L123456".utf8)
        #expect(LogHash.leaf(entry.reversed().reversed() as ReversedCollection) == LogHash.leaf(entry))
    }

    @Test("a hash has 32 bytes, as they were given, and no allocation")
    func bytes() throws {
        let bytes = (0..<32).map { UInt8($0 * 7 + 1) }
        let hash = try #require(LogHash(bytes))
        #expect(hash.bytes == bytes)
        #expect(LogHash(bytes.dropLast()) == nil)
        #expect(LogHash(bytes + [0]) == nil)
        #expect(LogHash([UInt8]()) == nil)
        #expect(MemoryLayout<LogHash>.size == 32)
        #expect(MemoryLayout<LogHash>.stride == 32)
        #expect(LogHash(base64: hash.base64) == hash)
        #expect(hash.base64.utf8.count == 44)
        #expect(hash.description == hash.base64)
        for bit in 0..<256 { #expect(hash.flipped(bit) != hash) }
    }

    @Test("the root of a perfect tree", arguments: [1, 2, 4, 8, 16, 32, 64, 128, 256])
    func perfect(count: Int) {
        let leaves = (0..<(count + 3)).map { LogHash.leaf([UInt8($0 & 0xFF), UInt8($0 >> 8)]) }
        #expect(LogHash.root(ofPerfect: leaves[3...]) == PlainTree.root(leaves[3...]))
    }

    @Test("base64 has one text for each byte string (RFC 4648, section 10)")
    func base64() {
        for (plain, text) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.encode(Array(plain.utf8)) == text)
            #expect(Base64.decode(text.utf8) == Array(plain.utf8))
        }
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        for text in [
            "Zg", "Zg=", "Zg===", "Zm8", "Zh==", "Zm9=", "Zm9v=", "=", "==", "====", "Z===", "Z=g=", "-_8=", "Zm 9",
            "Zm9v\n",
            "\nZm9v", "Zg==Zg==", "Zm9vZ", "Zmé=",
        ] {
            #expect(Base64.decode(text.utf8) == nil, "\(text)")
        }
        #expect(LogHash(base64: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=") == .emptyRoot)
        #expect(LogHash(base64: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=") == nil)
    }

    @Test("numbers have one form")
    func decimals() {
        #expect(Decimal.number("0".utf8) == 0)
        #expect(Decimal.number("18446744073709551615".utf8) == .max)
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1a", "18446744073709551616", "99999999999999999999", "١"]
        {
            #expect(Decimal.number(text.utf8) == nil, "\(text)")
        }
    }
}
