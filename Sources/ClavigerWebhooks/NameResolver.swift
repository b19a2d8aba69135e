public import ClavigerCore
import NIOPosix
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Finds the addresses of a name.
public protocol NameResolver: Sendable {
    /// All addresses, the best first; none when the name has none.
    func addresses(of name: String) async -> [IPAddress]
}

/// Asks the operating system.
public struct SystemResolver: NameResolver {
    private let pool: NIOThreadPool
    private let lookUp: @Sendable (String) -> [IPAddress]

    /// Makes a resolver.
    public init() {
        self.init(pool: .singleton, lookUp: Self.ask)
    }

    init(pool: NIOThreadPool, lookUp: @escaping @Sendable (String) -> [IPAddress]) {
        self.pool = pool
        self.lookUp = lookUp
    }

    /// All addresses of a name; none when it has none, cannot be looked up, or the task is cancelled.
    public func addresses(of name: String) async -> [IPAddress] {
        let answer = Answer()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.wait(continuation)
                // The call blocks its thread and cannot be ended.
                self.pool.submit { state in
                    // Whoever asked may have given up while this waited for a thread: a name server that does not
                    // answer would otherwise keep the threads busy with questions that nobody has any more.
                    answer.give(state == .active && !answer.isGiven ? self.lookUp(name) : [])
                }
            }
        } onCancel: {
            answer.give([])
        }
    }

    private static func ask(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = Self.address(entry), !addresses.contains(address) { addresses.append(address) }
            next = entry.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let raw = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return .v4(UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let bytes = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return IPAddress.normalized(v6: withUnsafeBytes(of: bytes) { $0.reduce(0) { $0 << 8 | UInt128($1) } })
        default:
            return nil
        }
    }

    /// Whoever answers first, the look-up or the cancellation, answers.
    private final class Answer: Sendable {
        private struct State {
            var continuation: CheckedContinuation<[IPAddress], Never>?
            var early: [IPAddress]?
            var isGiven = false
        }

        /// Only the methods below touch it; the continuation is resumed outside.
        private let state = Mutex(State())

        func wait(_ continuation: CheckedContinuation<[IPAddress], Never>) {
            let early = self.state.withLock { state -> [IPAddress]? in
                if let early = state.early { return early }
                state.continuation = continuation
                return nil
            }
            if let early { continuation.resume(returning: early) }
        }

        var isGiven: Bool { self.state.withLock { $0.isGiven } }

        func give(_ addresses: [IPAddress]) {
            let continuation = self.state.withLock { state -> CheckedContinuation<[IPAddress], Never>? in
                guard !state.isGiven else { return nil }
                state.isGiven = true
                if state.continuation == nil { state.early = addresses }
                return state.continuation
            }
            continuation?.resume(returning: addresses)
        }
    }
}
