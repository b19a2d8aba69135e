#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The calls of the operating system that fail when a disk does; tests put others in their place.
struct JournalSystem: Sendable {
    /// Gives a file a length with room on the disk behind every byte of it; answers 0 or an error number.
    var allocate: @Sendable (_ descriptor: Int32, _ bytes: Int) -> Int32
    /// Waits until a range of mapped pages is on the disk; answers 0 or an error number.
    ///
    /// The place is a multiple of the page size.
    var synchronize: @Sendable (_ segment: MappedSegment, _ place: Int, _ bytes: Int) -> Int32

    /// The real ones.
    static let real = JournalSystem(
        allocate: { descriptor, bytes in
            #if canImport(Darwin)
            var store = fstore_t(
                fst_flags: UInt32(F_ALLOCATEALL),
                fst_posmode: F_PEOFPOSMODE,
                fst_offset: 0,
                fst_length: off_t(bytes),
                fst_bytesalloc: 0
            )
            guard fcntl(descriptor, F_PREALLOCATE, &store) == 0, ftruncate(descriptor, off_t(bytes)) == 0 else {
                return errno
            }
            return 0
            #else
            // Asked first: some file systems take all that is left before they find that it is not enough.
            var space = statvfs()
            if fstatvfs(descriptor, &space) == 0,
                UInt64(space.f_bavail) < UInt64(bytes) / max(1, UInt64(space.f_frsize))
            {
                return ENOSPC
            }
            var result: Int32
            repeat { result = posix_fallocate(descriptor, 0, off_t(bytes)) } while result == EINTR
            return result
            #endif
        },
        synchronize: { segment, place, bytes in segment.synchronize(place, bytes) }
    )

    /// The size of a page.
    static let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
}
