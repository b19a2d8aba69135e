import ClavigerCore
import Synchronization

extension Verifier {
    /// Whether so many ids were added that the filter should be loaded again.
    public var isFilterOverfull: Bool {
        self.shards.contains { $0.state.withLock { $0.isFilterOverfull } }
    }

    /// How many credentials and unknown ids are in memory.
    public var counts: (credentials: Int, unknown: Int) {
        self.shards.reduce(into: (0, 0)) { sum, shard in
            shard.state.withLock {
                sum.0 += $0.count
                sum.1 += $0.negativeCount
            }
        }
    }
}
