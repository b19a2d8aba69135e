import ClavigerCore
import Dispatch

// The structures of the C library belong to Dispatch for the compiler, or not, depending on what it compiles together.
#if canImport(CDispatch)
import CDispatch
#endif
#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why a file that holds a secret was not read or not made.
enum SecretFileError: Error, Hashable {
    /// There is no file.
    case missing
    /// There is a file already.
    case exists
    /// It is a folder, a device, a pipe or a socket.
    case notRegular
    /// Others than the owner may read or change it.
    case exposed(mode: UInt32)
    /// It belongs to a user who is neither the one that runs this program nor root.
    case foreignOwner(user: UInt32)
    /// It is longer than what it should hold.
    case tooLong(limit: Int)
    /// The system refused.
    case failed(reason: String)
}

/// Reads and makes files that only their owner may see.
enum SecretFile {
    private static let draftMark = ".new-"
    private static let draftBytes = 8

    /// Reads a regular file that nobody but its owner can read or change.
    ///
    /// A link is followed: what is checked is the file that was opened, so a link gains nobody anything, and systems
    /// that mount secrets make links.
    static func read(_ path: String, atMost limit: Int) throws(SecretFileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .system() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw .foreignOwner(user: UInt32(status.st_uid)) }
        guard status.st_mode & 0o077 == 0 else { throw .exposed(mode: UInt32(status.st_mode & 0o777)) }
        return try Self.readAll(descriptor, atMost: limit)
    }

    /// Reads an open descriptor to its end.
    static func readAll(_ descriptor: Int32, atMost limit: Int) throws(SecretFileError) -> [UInt8] {
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { Self.read(descriptor, into: $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system() }
            guard count > 0 else { return contents }
            contents.append(contentsOf: buffer[..<count])
            guard contents.count <= limit else { throw .tooLong(limit: limit) }
        }
    }

    /// Makes a file with mode 0600 that is on the disk, whole, when this returns.
    ///
    /// Never replaces one.
    ///
    /// It is written under another name and then linked to its own, so that a crash leaves all of it or nothing.
    static func create(_ path: String, _ contents: [UInt8], random: any RandomSource) throws(SecretFileError) {
        let draft = path + Self.draftMark + Hex.encode(random.bytes(Self.draftBytes))
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system() }
        defer { unlink(draft) }
        try Self.fill(descriptor, contents)
        guard link(draft, path) == 0 else { throw errno == EEXIST ? .exists : .system() }
        // Before the folder is synced, which takes long: what a crash leaves of the draft is a second name of the secret.
        unlink(draft)
        try Self.syncFolder(of: path)
    }

    /// Replaces a file, or makes it, with a mode; it is on the disk when this returns.
    ///
    /// A crash at any moment leaves all of the old file or all of the new one. A link is replaced, not followed.
    static func replace(
        _ path: String,
        _ contents: [UInt8],
        mode: mode_t = 0o600,
        random: any RandomSource
    ) throws(SecretFileError) {
        let draft = path + Self.draftMark + Hex.encode(random.bytes(Self.draftBytes))
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system() }
        do throws(SecretFileError) {
            try Self.fill(descriptor, contents, mode: mode)
            guard rename(draft, path) == 0 else { throw .system() }
        } catch {
            unlink(draft)
            throw error
        }
        try Self.syncFolder(of: path)
    }

    /// Removes a file, if there is one; it is gone from the disk when this returns.
    static func remove(_ path: String) throws(SecretFileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system() }
        try Self.syncFolder(of: path)
    }

    /// Removes the drafts of these files that a killed process left in a folder.
    ///
    /// Only for who holds the folder: another process's draft would be as good as its file.
    static func removeDrafts(of names: [String], in folder: String) {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        var drafts: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if names.contains(where: { Self.isDraft(name, of: $0) }) { drafts.append(name) }
        }
        for draft in drafts { unlink(folder + "/" + draft) }
    }

    private static func isDraft(_ name: String, of file: String) -> Bool {
        let start = file + Self.draftMark
        guard name.hasPrefix(start) else { return false }
        let digits = name.utf8.dropFirst(start.utf8.count)
        return digits.count == 2 * Self.draftBytes && Hex.decode(digits) != nil
    }

    /// Writes and closes a draft, also when that fails.
    private static func fill(
        _ descriptor: Int32,
        _ contents: [UInt8],
        mode: mode_t = 0o600
    ) throws(SecretFileError) {
        do throws(SecretFileError) {
            // The mode that `open` gives is narrowed by the umask, which might take the owner's own rights.
            guard fchmod(descriptor, mode) == 0 else { throw .system() }
            try Self.writeAll(descriptor, contents)
            guard fsync(descriptor) == 0 else { throw .system() }
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw .system() }
    }

    private static func writeAll(_ descriptor: Int32, _ contents: [UInt8]) throws(SecretFileError) {
        var rest = contents[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system() }
            rest = rest.dropFirst(count)
        }
    }

    /// A name is safe from a power cut when its folder is on the disk.
    private static func syncFolder(of path: String) throws(SecretFileError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system() }
    }

    private static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
        Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}

extension SecretFileError {
    /// What the last system call said.
    fileprivate static func system() -> SecretFileError {
        .failed(reason: String(cString: strerror(errno)))
    }
}
