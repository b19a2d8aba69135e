import Foundation

/// A folder of one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "claviger-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func file(_ name: String) -> String { self.path + "/" + name }

    /// Everything in the folder, byte by byte.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: self.path) {
            contents[name] = try Data(contentsOf: URL(fileURLWithPath: self.file(name)))
        }
        return contents
    }

    func names() throws -> Set<String> {
        try Set(FileManager.default.contentsOfDirectory(atPath: self.path))
    }

    func mode(of name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: self.file(name))
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    /// Replaces bytes in the middle of a file.
    func damage(_ name: String, at offset: UInt64, count: Int = 64) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: self.file(name)))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: count))
        try handle.close()
    }
}

/// A signal from a transaction's thread to a test.
struct Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (self.stream, self.continuation) = AsyncStream.makeStream()
    }

    func send() {
        self.continuation.yield()
    }

    func wait() async {
        for await _ in self.stream { return }
    }
}
