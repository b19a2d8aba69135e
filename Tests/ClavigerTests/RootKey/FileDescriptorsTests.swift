import Foundation
import Testing

@testable import claviger

@Suite("The number of connections")
struct FileDescriptorsTests {
    @Test(
        "leaves files for everything else",
        arguments: [(1, 1), (120, 60), (256, 128), (1024, 896), (65_536, 10_000), (UInt.max, 10_000)]
    )
    func connections(files: UInt, connections: Int) {
        #expect(FileDescriptors.connections(ofFiles: rlim_t(files)) == connections)
    }

    @Test("uses what the system allows at most")
    func raised() {
        FileDescriptors.raiseLimit()
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        #if canImport(Glibc)
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #else
        #expect(getrlimit(RLIMIT_NOFILE, &limit) == 0)
        #endif
        #expect(limit.rlim_cur >= min(limit.rlim_max, 65_536))
    }
}
