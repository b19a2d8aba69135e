public import ClavigerCore
public import ClavigerVerifier
import Synchronization

/// Collects digests that were made anew of tokens, with the current pepper, until maintenance stores them.
///
/// Bounded: what does not fit is dropped, as the next use of the credential brings it again.
public final class RehashQueue: RehashSink {
    private static let capacity = 10_000

    /// Only the methods below touch it; nothing is called while it is held.
    private let waiting = Mutex<[Credential.ID: (LookupID, KeyDigest)]>([:])

    /// Makes an empty queue.
    public init() {}

    /// Keeps the digest until maintenance takes it; tells whether there was room.
    @discardableResult
    public func rehashed(_ credentialID: Credential.ID, _ lookupID: LookupID, _ digest: KeyDigest) -> Bool {
        self.waiting.withLock { waiting in
            guard waiting.count < Self.capacity else { return false }
            waiting[credentialID] = (lookupID, digest)
            return true
        }
    }

    /// Puts back what could not be stored; what came meanwhile is newer.
    func putBack(_ taken: [(Credential.ID, LookupID, KeyDigest)]) {
        self.waiting.withLock { waiting in
            for (id, lookupID, digest) in taken where waiting[id] == nil && waiting.count < Self.capacity {
                waiting[id] = (lookupID, digest)
            }
        }
    }

    /// Takes at most `limit` digests out.
    func take(_ limit: Int) -> [(Credential.ID, LookupID, KeyDigest)] {
        self.waiting.withLock { waiting in
            let taken = waiting.prefix(limit).map { ($0.key, $0.value.0, $0.value.1) }
            for (id, _, _) in taken { waiting[id] = nil }
            return taken
        }
    }
}
