import Crypto

// RFC 6962, section 2.1. The first byte keeps a leaf from being taken for a node, and a node for a leaf.
extension LogHash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    public static let emptyRoot = LogHash(SHA256().finalize())

    /// The hash of a leaf: SHA-256 of a zero byte and the entry.
    public static func leaf(_ entry: some Collection<UInt8>) -> LogHash {
        let hashed = entry.withContiguousStorageIfAvailable { Self.leaf(bytes: UnsafeRawBufferPointer($0)) }
        return hashed ?? Array(entry).withUnsafeBytes { Self.leaf(bytes: $0) }
    }

    /// The hash of an inner node: SHA-256 of a one byte and both hashes below it.
    public static func node(_ left: LogHash, _ right: LogHash) -> LogHash {
        // On the stack and in one update: this is the inner loop of whoever verifies a whole log.
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Self.length, alignment: 8) { buffer in
            buffer[0] = 1
            buffer.storeBytes(of: left, toByteOffset: 1, as: LogHash.self)
            buffer.storeBytes(of: right, toByteOffset: 1 + Self.length, as: LogHash.self)
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(buffer))
            return LogHash(hasher.finalize())
        }
    }

    /// The root of the perfect tree over 1, 2, 4 … 256 neighbouring hashes.
    static func root(ofPerfect hashes: ArraySlice<LogHash>) -> LogHash {
        precondition(hashes.count.nonzeroBitCount == 1, "a perfect tree has a power of two of leaves")
        guard hashes.count > 1 else { return hashes[hashes.startIndex] }
        return withUnsafeTemporaryAllocation(of: LogHash.self, capacity: hashes.count / 2) { row in
            var width = hashes.count / 2
            for place in 0..<width {
                let left = hashes.startIndex + 2 * place
                row.initializeElement(at: place, to: .node(hashes[left], hashes[left + 1]))
            }
            while width > 1 {
                width /= 2
                for place in 0..<width { row[place] = .node(row[2 * place], row[2 * place + 1]) }
            }
            return row[0]
        }
    }

    private static func leaf(bytes: UnsafeRawBufferPointer) -> LogHash {
        var hasher = SHA256()
        withUnsafeBytes(of: 0 as UInt8) { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: bytes)
        return LogHash(hasher.finalize())
    }

    private init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { $0.loadUnaligned(as: LogHash.self) }
    }
}
