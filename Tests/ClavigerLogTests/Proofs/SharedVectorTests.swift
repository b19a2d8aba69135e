import Crypto
import Foundation
import Testing

@testable import ClavigerLog

@Suite("Vectors of other implementations", .enabled(if: SharedVectors.folder != nil, SharedVectors.absence))
struct SharedVectorTests {
    private struct Inclusion: Decodable {
        let leafIdx: UInt64
        let treeSize: UInt64
        let root: Data?
        let leafHash: Data?
        let proof: [Data]?
        let wantErr: Bool
    }

    private struct Consistency: Decodable {
        let size1: UInt64
        let size2: UInt64
        let root1: Data?
        let root2: Data?
        let proof: [Data]?
        let wantErr: Bool
    }

    /// A few vectors have texts of other lengths in the place of hashes, which ``LogHash`` refuses: one such consistency
    /// proof is to be accepted, as its two roots are equal.
    ///
    /// Their SHA-256 stands for them, so that equal ones stay equal and the other rules are seen at work as well.
    private static func hash(_ bytes: Data?) throws -> LogHash {
        let bytes = Array(bytes ?? Data())
        if bytes.count != LogHash.length { #expect(LogHash(bytes) == nil) }
        return try #require(LogHash(bytes) ?? LogHash(Array(SHA256.hash(data: bytes))))
    }

    @Test("inclusion proofs")
    func inclusion() throws {
        let files = try SharedVectors.files(below: "merkle/inclusion")
        #expect(files.count == 98)
        var accepted = 0
        for file in files {
            let vector = try JSONDecoder().decode(Inclusion.self, from: Data(try SharedVectors.bytes(file)))
            let proof = InclusionProof(
                index: vector.leafIdx,
                size: vector.treeSize,
                hashes: try (vector.proof ?? []).map(Self.hash)
            )
            // What is no hash never gets as far as a proof.
            let areHashes = [vector.leafHash, vector.root].allSatisfy { LogHash(Array($0 ?? Data())) != nil }
            let isProved = try areHashes && proof.proves(Self.hash(vector.leafHash), in: Self.hash(vector.root))
            #expect(isProved == !vector.wantErr, "\(file)")
            accepted += isProved ? 1 : 0
        }
        #expect(accepted == 6)
    }

    @Test("consistency proofs")
    func consistency() throws {
        let files = try SharedVectors.files(below: "merkle/consistency")
        #expect(files.count == 98)
        var accepted = 0
        for file in files {
            let vector = try JSONDecoder().decode(Consistency.self, from: Data(try SharedVectors.bytes(file)))
            let proof = ConsistencyProof(
                olderSize: vector.size1,
                size: vector.size2,
                hashes: try (vector.proof ?? []).map(Self.hash)
            )
            let isProved = proof.proves(try Self.hash(vector.root1), isIn: try Self.hash(vector.root2))
            #expect(isProved == !vector.wantErr, "\(file)")
            accepted += isProved ? 1 : 0
        }
        #expect(accepted == 6)
    }

    @Test("all that Tessera wrote comes out byte for byte")
    func tessera() throws {
        var written: [String: [UInt8]] = [:]
        var builder = TreeBuilder()
        var entries: [[UInt8]] = []
        for size in 0...KnownLog.entries.count {
            if size > 0 {
                let entry = KnownLog.entries[size - 1]
                entries.append(entry)
                #expect(builder.append(.leaf(entry)).isEmpty)
                for tile in builder.partialTiles { written[tile.index.path] = tile.bytes }
                for bundle in TileLayout(size: UInt64(size)).bundles {
                    written[bundle.path] = try EntryBundle(entries).bytes
                }
            }
            let note = try KnownLog.note(size: size)
            #expect(try #require(Checkpoint(parsing: note.text)).root == builder.root)
            written["checkpoint.\(size)"] = note.bytes
            written["checkpoint"] = note.bytes
        }
        let files = try SharedVectors.files(below: "tessera-log")
        #expect(Set(files) == Set(written.keys.map { "tessera-log/" + $0 }))
        for (path, bytes) in written { #expect(try SharedVectors.bytes("tessera-log/" + path) == bytes, "\(path)") }
    }

    @Test("what Tessera wrote is read and verified")
    func tesseraVerifies() throws {
        let policy = try #require(
            LogPolicy(origin: try KnownLog.origin(), logKeys: [try KnownLog.signer().verifierKey])
        )
        let note = try SignedNote(parsing: try SharedVectors.bytes("tessera-log/checkpoint"))
        let head = try policy.verify(note).checkpoint
        #expect(head.size == 15)
        let bundle = try EntryBundle(parsing: try SharedVectors.bytes("tessera-log/tile/entries/000.p/15"), count: 15)
        let index = try TileIndex(parsing: "tile/0/000.p/15")
        let tile = try #require(Tile(index, bytes: try SharedVectors.bytes("tessera-log/tile/0/000.p/15")))
        #expect(tile.hashes == bundle.leafHashes)
        let source = MemoryTiles()
        source.store([tile])
        let tree = MerkleTree(size: 15, source: source)
        #expect(try tree.root() == head.root)
        for size in 1...15 {
            let older = try policy.verify(
                try SignedNote(parsing: try SharedVectors.bytes("tessera-log/checkpoint.\(size)"))
            ).checkpoint
            #expect(try tree.consistencyProof(from: older.size).proves(older.root, isIn: head.root))
        }
    }
}
