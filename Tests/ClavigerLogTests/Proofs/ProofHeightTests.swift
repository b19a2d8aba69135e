import Testing

@testable import ClavigerLog

/// Roots can be made for which a hash too many would fit; the size of the tree says how many there are.
@Suite("Proofs are as high as the tree")
struct ProofHeightTests {
    private let leaf = LogHash.leaf([1])
    private let other = LogHash.leaf([2])
    private let extra = LogHash.leaf([3])

    @Test("an inclusion proof does not go above the root")
    func inclusion() {
        let single = InclusionProof(index: 0, size: 1, hashes: [self.other])
        #expect(!single.proves(self.leaf, in: .node(self.leaf, self.other)))
        #expect(!single.proves(self.leaf, in: .node(self.other, self.leaf)))
        let pair = LogHash.node(self.leaf, self.other)
        for (index, hash) in [(0, self.leaf), (1, self.other)] as [(UInt64, LogHash)] {
            let sibling = index == 0 ? self.other : self.leaf
            #expect(InclusionProof(index: index, size: 2, hashes: [sibling]).proves(hash, in: pair))
            let high = InclusionProof(index: index, size: 2, hashes: [sibling, self.extra])
            #expect(!high.proves(hash, in: .node(pair, self.extra)))
            #expect(!high.proves(hash, in: .node(self.extra, pair)))
        }
    }

    @Test("a consistency proof does not go above the root")
    func consistency() {
        let pair = LogHash.node(self.leaf, self.other)
        #expect(ConsistencyProof(olderSize: 1, size: 2, hashes: [self.other]).proves(self.leaf, isIn: pair))
        let high = ConsistencyProof(olderSize: 1, size: 2, hashes: [self.other, self.extra])
        #expect(!high.proves(self.leaf, isIn: .node(pair, self.extra)))
        #expect(!high.proves(self.leaf, isIn: .node(self.extra, pair)))
    }
}
