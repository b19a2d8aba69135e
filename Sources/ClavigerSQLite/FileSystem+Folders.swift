import ClavigerStore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension FileSystem {
    /// Makes a folder for this user only, unless it is there.
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, mode_t(0o700)) == 0 || errno == EEXIST else { throw Self.error("create", path) }
        try Self.requireWritableFolder(path)
    }

    /// The names in a folder, in no order.
    static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw Self.error("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            names.append(name)
            errno = 0
        }
        guard errno == 0 else { throw Self.error("list", folder) }
        return names
    }
}
