import Crypto

@testable import ClavigerLog

/// The definitions of RFC 6962, section 2.1, word for word: slow, and with nothing of the code under test but the type.
enum PlainTree {
    static func root(_ leaves: ArraySlice<LogHash>) -> LogHash {
        guard let first = leaves.first else { return Self.hash([]) }
        if leaves.count == 1 { return first }
        let middle = Self.middle(leaves)
        return Self.node(Self.root(leaves[..<middle]), Self.root(leaves[middle...]))
    }

    static func path(_ index: Int, _ leaves: ArraySlice<LogHash>) -> [LogHash] {
        if leaves.count == 1 { return [] }
        let middle = Self.middle(leaves)
        return leaves.startIndex + index < middle
            ? Self.path(index, leaves[..<middle]) + [Self.root(leaves[middle...])]
            : Self.path(index - (middle - leaves.startIndex), leaves[middle...]) + [Self.root(leaves[..<middle])]
    }

    static func consistency(_ older: Int, _ leaves: ArraySlice<LogHash>, isWhole: Bool = true) -> [LogHash] {
        if older == leaves.count { return isWhole ? [] : [Self.root(leaves)] }
        let middle = Self.middle(leaves)
        let width = middle - leaves.startIndex
        return older <= width
            ? Self.consistency(older, leaves[..<middle], isWhole: isWhole) + [Self.root(leaves[middle...])]
            : Self.consistency(older - width, leaves[middle...], isWhole: false) + [Self.root(leaves[..<middle])]
    }

    private static func middle(_ leaves: ArraySlice<LogHash>) -> Int {
        var width = 1
        while width * 2 < leaves.count { width *= 2 }
        return leaves.startIndex + width
    }

    private static func node(_ left: LogHash, _ right: LogHash) -> LogHash {
        Self.hash([1] + left.bytes + right.bytes)
    }

    private static func hash(_ bytes: [UInt8]) -> LogHash {
        guard let hash = LogHash(Array(SHA256.hash(data: bytes))) else { preconditionFailure("SHA-256 has 32 bytes") }
        return hash
    }
}
