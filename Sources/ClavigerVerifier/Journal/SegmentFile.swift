#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A segment file, for reading.
///
/// It is read and not mapped: a file that somebody cuts, or that the disk cannot give back, is an error here and no
/// signal.
final class SegmentFile {
    let path: String
    let byteCount: Int
    private let descriptor: Int32

    /// Opens a file; `nil` when there is none.
    init?(_ path: String) throws(JournalError) {
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system("Cannot open the journal segment \(path): \(JournalFolder.reason(errno)).")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .segment("\(path) is not a file. Move it out of the folder.")
        }
        self.path = path
        self.byteCount = Int(status.st_size)
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    /// Waits until what a process left in memory when it ended is on the disk.
    func synchronize() throws(JournalError) {
        guard fsync(self.descriptor) == 0 else {
            throw .system("Cannot write \(self.path) to the disk: \(JournalFolder.reason(errno)).")
        }
    }

    /// The bytes of a range, as far as the file has them.
    func bytes(_ range: Range<Int>) throws(JournalError) -> [UInt8] {
        let range = range.clamped(to: 0..<self.byteCount)
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            // Initialised as far as `pread` wrote, which is what `count` says.
            while count < range.count {
                let place = off_t(range.lowerBound + count)
                let room = UnsafeMutableRawBufferPointer(buffer)[count...]
                let result = pread(
                    self.descriptor,
                    UnsafeMutableRawBufferPointer(rebasing: room).baseAddress,
                    room.count,
                    place
                )
                if result < 0, errno == EINTR { continue }
                if result < 0 { failure = errno }
                guard result > 0 else { return }
                count += result
            }
        }
        guard failure == 0 else {
            throw .system(
                """
                Cannot read the journal segment \(self.path): \(JournalFolder.reason(failure)). Move it out of the \
                folder to go on without its records.
                """
            )
        }
        return bytes
    }
}
