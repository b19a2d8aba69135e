import ClavigerCore
import Dispatch
import Foundation

// The structures of the C library belong to Dispatch for the compiler, or not, depending on what it compiles together.
#if canImport(CDispatch)
import CDispatch
#endif

/// The machine's clock: the only one that decisions are made with.
struct SystemTime: TimeSource {
    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    func uptime() -> Uptime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Uptime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// The machine's cryptographic random generator: the only source of secrets.
struct SystemRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var position = 0
            while position < count {
                var word = generator.next()
                let length = min(8, count - position)
                withUnsafeBytes(of: &word) { bytes in
                    for offset in 0..<length { buffer[position + offset] = bytes[offset] }
                }
                position += length
            }
            initialized = count
        }
    }
}
