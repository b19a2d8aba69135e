public import ClavigerCore
import Synchronization

/// Gives every request an id, `req_` and 22 base62 characters: unique, not secret, never taken from the client.
public final class RequestIDs: Sendable {
    private static let randomLength = 12
    private static let countLength = 10

    private let start: [UInt8]
    private let count: Atomic<UInt64>

    /// Begins a series of ids; the start is random, so that two runs of a server do not give the same ids.
    public init(random: any RandomSource) {
        let digits = random.bytes(Self.randomLength).map { Base62.character($0 % 62) }
        self.start = Array("req_".utf8) + digits
        self.count = Atomic(0)
    }

    /// The next id.
    public func next() -> String {
        let (_, number) = self.count.add(1, ordering: .relaxed)
        return String(unsafeUninitializedCapacity: self.start.count + Self.countLength) { buffer in
            for (index, byte) in self.start.enumerated() { buffer[index] = byte }
            var rest = number
            for index in stride(from: self.start.count + Self.countLength - 1, through: self.start.count, by: -1) {
                buffer[index] = Base62.character(UInt8(rest % 62))
                rest /= 62
            }
            return buffer.count
        }
    }
}
