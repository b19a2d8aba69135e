import Foundation

/// A folder that only this user can read, removed when nobody holds it any more.
public final class TemporaryFolder: Sendable {
    /// Where it is.
    public let path: String

    /// A folder could not be made.
    public struct Failure: Error {}

    /// Makes a folder.
    public init() throws {
        var template = Array((FileManager.default.temporaryDirectory.path + "/claviger-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        self.path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}
