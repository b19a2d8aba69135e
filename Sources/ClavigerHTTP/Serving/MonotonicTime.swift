import NIOCore

/// Time for measuring how long something took; it never jumps.
///
/// It is no moment and no decision depends on it.
public enum MonotonicTime {
    /// The time since some moment before.
    public static func nanoseconds() -> Int64 {
        Int64(clamping: NIODeadline.now().uptimeNanoseconds)
    }
}
