import ClavigerCore
import ClavigerTestSupport
import ClavigerVerifier
import Synchronization

/// A store in memory that counts what it is asked, and stops in the middle of a read when told to.
final class MemorySource: CredentialSource {
    private struct State {
        var snapshots: [LookupID: KeySnapshot] = [:]
        var accounts: [AccountState] = []
        var reads: [LookupID] = []
        var isBroken = false
        var gate: Gate?
        var filterGate: Gate?
    }

    struct Broken: Error {}

    private let state = Mutex(State())
    /// Whether a read gives way to other tasks before and after it looks, so that changes come in between.
    private let isSlow: Bool

    init(isSlow: Bool = false) {
        self.isSlow = isSlow
    }

    var reads: [LookupID] { self.state.withLock { $0.reads } }

    /// Commits a snapshot.
    func set(_ snapshot: KeySnapshot?, for id: LookupID) {
        self.state.withLock { $0.snapshots[id] = snapshot }
    }

    /// Commits the accounts that every key takes from.
    func set(_ accounts: [AccountState]) {
        self.state.withLock { $0.accounts = accounts }
    }

    func setBroken(_ isBroken: Bool) {
        self.state.withLock { $0.isBroken = isBroken }
    }

    /// The next read stops at `gate` after it has looked.
    func stopNextRead(at gate: Gate) {
        self.state.withLock { $0.gate = gate }
    }

    /// The next walk over all ids stops at `gate` after it has taken its snapshot of them.
    func stopNextWalk(at gate: Gate) {
        self.state.withLock { $0.filterGate = gate }
    }

    func credential(for lookupID: LookupID, sharing: SnapshotSharing) async throws -> LoadedCredential? {
        if self.isSlow { await Task.yield() }
        let (loaded, gate) = try self.state.withLock { state in
            state.reads.append(lookupID)
            guard !state.isBroken else { throw Broken() }
            let gate = state.gate
            state.gate = nil
            let loaded = state.snapshots[lookupID].map { LoadedCredential(snapshot: $0, accounts: state.accounts) }
            return (loaded, gate)
        }
        await gate?.pass()
        if self.isSlow {
            for _ in 0..<Int(lookupID.mixedForTests % 5) { await Task.yield() }
        }
        return loaded
    }

    func forEachLookupID(_ body: @escaping @Sendable (LookupID) -> Void) async throws {
        let (ids, gate) = try self.state.withLock { state in
            guard !state.isBroken else { throw Broken() }
            let gate = state.filterGate
            state.filterGate = nil
            return (Array(state.snapshots.keys), gate)
        }
        await gate?.pass()
        for id in ids { body(id) }
    }
}

extension LookupID {
    fileprivate var mixedForTests: UInt64 { self.text.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) } }
}

/// A place where one task waits until another lets it go on.
final class Gate: Sendable {
    private let arrivals: AsyncStream<Void>
    private let arrive: AsyncStream<Void>.Continuation
    private let departures: AsyncStream<Void>
    private let depart: AsyncStream<Void>.Continuation

    init() {
        (self.arrivals, self.arrive) = AsyncStream.makeStream()
        (self.departures, self.depart) = AsyncStream.makeStream()
    }

    /// Waits here until somebody opens.
    func pass() async {
        self.arrive.yield()
        for await _ in self.departures { return }
    }

    /// Waits until somebody waits here.
    func waitForArrival() async {
        for await _ in self.arrivals { return }
    }

    func open() {
        self.depart.yield()
    }
}

/// Keeps what should be stored anew.
final class RecordedRehashes: RehashSink {
    private let state = Mutex<[(Credential.ID, LookupID, KeyDigest)]>([])

    var all: [(Credential.ID, LookupID, KeyDigest)] { self.state.withLock { $0 } }

    func rehashed(_ credentialID: Credential.ID, _ lookupID: LookupID, _ digest: KeyDigest) -> Bool {
        self.state.withLock { $0.append((credentialID, lookupID, digest)) }
        return true
    }
}
