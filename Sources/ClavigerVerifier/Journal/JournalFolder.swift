import ClavigerCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The folder of a journal and the segment files in it.
struct JournalFolder: Sendable {
    /// The name of a segment that is not finished; the next start removes it.
    private static let draftSuffix = ".new"

    let path: String
    let system: JournalSystem

    /// Takes a folder that only this user can look into, or makes it.
    init(_ path: String, system: JournalSystem) throws(JournalError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .folder("The journal's folder must not be empty or contain a NUL character.")
        }
        self.path = path
        self.system = system
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            let reason = errno == ENOENT ? "the folder that it is to be in does not exist" : Self.reason(errno)
            throw .folder("Cannot make the journal's folder \(path): \(reason).")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .folder("Cannot look at \(path): \(Self.reason(errno)).") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .folder("\(path) is not a folder. Move it away, or choose another place for the journal.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .folder(
                """
                Others can look into the journal's folder \(path) (mode \(String(status.st_mode & 0o777, radix: 8))). \
                Run: chmod 700 \(path)
                """
            )
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw .folder("Cannot write in the journal's folder \(path): \(Self.reason(errno)).")
        }
    }

    /// The name of the segment that begins at `base`.
    static func name(_ base: UInt64) -> String {
        let digits = String(base, radix: 16)
        return "usage-" + String(repeating: "0", count: 16 - digits.count) + digits + ".journal"
    }

    /// Where the segment of that name begins; `nil` when it is no name of a segment.
    static func base(_ name: String) -> UInt64? {
        guard name.hasPrefix("usage-"), name.hasSuffix(".journal"), name.utf8.count == 30 else { return nil }
        guard let base = UInt64(name.dropFirst(6).dropLast(8), radix: 16), Self.name(base) == name else { return nil }
        return base
    }

    func file(_ base: UInt64) -> String { self.path + "/" + Self.name(base) }

    /// Where the segments in the folder begin, in order.
    func bases() throws(JournalError) -> [UInt64] {
        try self.names().compactMap(Self.base).sorted()
    }

    /// Removes segments that were being made when a process ended.
    func removeDrafts() throws(JournalError) {
        for name in try self.names() where name.hasSuffix(Self.draftSuffix) {
            guard Self.base(String(name.dropLast(Self.draftSuffix.count))) != nil else { continue }
            try self.remove(name)
        }
    }

    /// Removes a segment.
    func remove(_ base: UInt64) throws(JournalError) {
        try self.remove(Self.name(base))
    }

    private func remove(_ name: String) throws(JournalError) {
        guard unlink(self.path + "/" + name) == 0 || errno == ENOENT else {
            throw .system("Cannot remove \(self.path)/\(name): \(Self.reason(errno)).")
        }
    }

    private func names() throws(JournalError) -> [String] {
        guard let stream = opendir(self.path) else {
            throw .folder("Cannot read the folder \(self.path): \(Self.reason(errno)).")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names
    }

    /// Makes a segment that has room on the disk and whose headers are there.
    ///
    /// It gets its name last, so that a file with the name of a segment always was whole once.
    func makeSegment(_ header: SegmentHeader) throws(JournalError) -> MappedSegment {
        let file = self.file(header.base)
        let draft = file + Self.draftSuffix
        unlink(draft)
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
        guard descriptor >= 0 else { throw Self.notMade(file, errno) }
        defer { close(descriptor) }
        do throws(JournalError) {
            // The mode that `open` gives is narrowed by the umask, which might take the owner's own rights.
            guard fchmod(descriptor, 0o600) == 0 else { throw Self.notMade(file, errno) }
            let result = self.system.allocate(descriptor, header.capacity)
            guard result == 0 else { throw Self.notMade(file, result) }
            let bytes = header.bytes
            for place in [0, header.capacity - bytes.count] {
                guard pwrite(descriptor, bytes, bytes.count, off_t(place)) == bytes.count else {
                    throw Self.notMade(file, errno)
                }
            }
            guard fsync(descriptor) == 0 else { throw Self.notMade(file, errno) }
            guard let segment = MappedSegment(header, descriptor: descriptor) else { throw Self.notMade(file, errno) }
            guard rename(draft, file) == 0 else { throw Self.notMade(file, errno) }
            try self.synchronize()
            return segment
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Waits until the names in the folder are on the disk.
    private func synchronize() throws(JournalError) {
        let descriptor = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("Cannot open \(self.path): \(Self.reason(errno)).") }
        defer { close(descriptor) }
        // Some network file systems cannot sync a folder.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system("Cannot write \(self.path) to the disk: \(Self.reason(errno)).")
        }
    }

    /// Opens a segment for reading; `nil` when there is none any more.
    func segment(_ base: UInt64) throws(JournalError) -> SegmentFile? {
        try SegmentFile(self.file(base))
    }

    private static func notMade(_ file: String, _ code: Int32) -> JournalError {
        let advice =
            switch code {
            case ENOSPC, EDQUOT, EFBIG: " Free space, or raise the quota or the limit on file sizes."
            case EACCES, EPERM, EROFS: " Check who owns the folder and how the disk is mounted."
            default: ""
            }
        return .system("Cannot make the journal segment \(file): \(Self.reason(code)).\(advice)")
    }

    /// The system's words for an error number.
    static func reason(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
