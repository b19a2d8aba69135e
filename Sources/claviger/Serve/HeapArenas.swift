import CMalloc

/// How many heaps the allocator keeps side by side.
///
/// glibc gives nearly every thread one of its own, up to eight for each core. What one thread allocates for long, a key's
/// snapshot for instance, lies there between the holes of what it allocated for a moment, and no other thread fills them:
/// a third of the memory of a large cache was such holes. With two heaps, verification took no more processor time.
enum HeapArenas {
    /// Call it before there are more than a few threads: the number is only looked at when a new heap is wanted.
    static func keepFew() {
        #if canImport(Glibc)
        _ = mallopt(M_ARENA_MAX, 2)
        #endif
    }
}
