import ClavigerVerifier
import Testing

@Suite struct SlowHashQueueTests {
    /// A machine with two processors must have one left for everybody else.
    @Test(arguments: [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
    func halfOfTheProcessorsComputeSlowHashes(processors: Int, places: Int) {
        #expect(SlowHashQueue.places(processors: processors) == places)
    }
}
