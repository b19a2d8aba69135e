/// Why no key came out of a passphrase.
public enum ScryptError: Error, Hashable, Sendable {
    /// The passphrase or the salt is empty.
    case emptyInput
    /// The parameters are not ones that scrypt takes, or they ask for more than 1 GiB of memory.
    case unacceptableParameters
    /// The memory for the derivation was not available.
    case derivationFailed
}

/// How much work and memory scrypt (RFC 7914) spends on one guess of a passphrase.
///
/// They are stored beside the salt, so that a later version can ask for more without locking out a key made today.
public struct ScryptParameters: Hashable, Sendable {
    /// The cost parameter N: a power of two.
    public let cost: Int
    /// The block size parameter r.
    public let blockSize: Int
    /// The parallelization parameter p.
    public let parallelism: Int

    /// N = 2^17, r = 8, p = 1: 128 MiB for each guess, the OWASP recommendation for scrypt.
    public static let recommended = ScryptParameters(unchecked: 1 << 17, 8, 1)

    /// Takes parameters that scrypt accepts and that need at most 1 GiB.
    ///
    /// r is at most 16, as swift-crypto reserves just one page beside the 128·N·r bytes of the algorithm.
    public init(cost: Int, blockSize: Int, parallelism: Int) throws(ScryptError) {
        guard
            (2...(1 << 22)).contains(cost), cost.nonzeroBitCount == 1,
            (1...16).contains(blockSize), (1...16).contains(parallelism),
            128 * cost * blockSize <= 1 << 30
        else { throw .unacceptableParameters }
        self.init(unchecked: cost, blockSize, parallelism)
    }

    private init(unchecked cost: Int, _ blockSize: Int, _ parallelism: Int) {
        self.cost = cost
        self.blockSize = blockSize
        self.parallelism = parallelism
    }
}
