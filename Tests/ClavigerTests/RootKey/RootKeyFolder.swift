import ClavigerCore
import Foundation

@testable import claviger

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The system refused to make a fixture.
struct RootKeyFixtureError: Error {
    var call: String
}

/// Bytes that count upwards, so that a test knows what was made from them.
struct CountingBytes: RandomSource {
    var start: UInt8

    func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 + Int(self.start)) }
    }
}

/// A folder of its own for one test, removed with all that is in it.
final class RootKeyFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/claviger-root-key-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RootKeyFixtureError(call: "mkdtemp") }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in (try? self.names()) ?? [] {
            unlink(self.path + "/" + name)
            rmdir(self.path + "/" + name)
        }
        rmdir(self.path)
    }

    func file(_ name: String) -> String { self.path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = self.file(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw RootKeyFixtureError(call: "open") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard writeBytes(descriptor, bytes) == bytes.count else { throw RootKeyFixtureError(call: "write") }
        guard fchmod(descriptor, mode) == 0 else { throw RootKeyFixtureError(call: "fchmod") }
        return path
    }

    func read(_ name: String) throws -> String {
        let descriptor = open(self.file(name), O_RDONLY)
        guard descriptor >= 0 else { throw RootKeyFixtureError(call: "open") }
        defer { close(descriptor) }
        return String(decoding: try SecretFile.readAll(descriptor, atMost: 1 << 16), as: UTF8.self)
    }

    func mode(_ name: String) throws -> UInt32 {
        let attributes = try FileManager.default.attributesOfItem(atPath: self.file(name))
        guard let mode = attributes[.posixPermissions] as? NSNumber else { throw RootKeyFixtureError(call: "stat") }
        return mode.uint32Value
    }

    /// What is in the folder, sorted.
    func names() throws -> [String] {
        guard let folder = opendir(self.path) else { throw RootKeyFixtureError(call: "opendir") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

private func writeBytes(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}
