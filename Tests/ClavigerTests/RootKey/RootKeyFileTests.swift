import ClavigerCore
import Testing

@testable import claviger

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

@Suite("Root key in a file")
struct RootKeyFileTests {
    private let folder: RootKeyFolder
    private let digits = String(repeating: "4b", count: 32)

    init() throws {
        self.folder = try RootKeyFolder()
    }

    private func provider(_ name: String = "root-key", start: UInt8 = 0) -> RootKeyProvider {
        RootKeyProvider(
            .file(path: self.folder.file(name)),
            dataDirectory: self.folder.path,
            environment: [:],
            random: CountingBytes(start: start)
        )
    }

    private func problem(_ name: String = "root-key", createIfMissing: Bool = false) -> SecretFileError? {
        do {
            _ = try self.provider(name).load(createIfMissing: createIfMissing)
            return nil
        } catch {
            guard case .file(_, _, let problem) = error else { return nil }
            return problem
        }
    }

    @Test("is made on a first start, for its owner only, and is the same key after")
    func created() throws {
        let key = try self.provider().load(createIfMissing: true)
        #expect(try self.folder.mode("root-key") == 0o600)
        #expect(
            try self.folder.read("root-key") == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        )
        #expect(key == RootKey(bytes: 0..<32))
        // Nothing else is left, such as the draft.
        #expect(try self.folder.names() == ["root-key"])
        // Another random source: the key in the file counts, also where a first start is repeated.
        #expect(try self.provider(start: 99).load(createIfMissing: true) == key)
        #expect(try self.provider(start: 99).load(createIfMissing: false) == key)
    }

    @Test("is never made when there is a database")
    func missing() throws {
        #expect(self.problem() == .missing)
        #expect(try self.folder.names() == [])
        let error = #expect(throws: RootKeyProviderError.self) { try self.provider().load(createIfMissing: false) }
        #expect("\(try #require(error))".contains("put it back from your backup"))
    }

    @Test("a file that exists is never replaced")
    func neverReplaced() throws {
        let path = try self.folder.write("root-key", "precious")
        #expect(throws: SecretFileError.exists) {
            try SecretFile.create(path, [1, 2, 3], random: CountingBytes(start: 0))
        }
        #expect(try self.folder.read("root-key") == "precious")
        #expect(try self.folder.names() == ["root-key"])
    }

    @Test("drafts that a killed start left are gone when the data folder is opened, and nothing else is")
    func staleDrafts() throws {
        let key = try self.folder.write("root-key", self.digits)
        // Killed between linking and unlinking: another name of the live root key.
        #expect(link(key, self.folder.file("root-key.new-0123456789abcdef")) == 0)
        try self.folder.write("root-key.new-ffffffffffffffff", "4b")
        try self.folder.write("first-management-key.new-00112233aabbccdd", "x")
        let others = [
            "first-management-key", "notes.new-0123456789abcdef", "root-key.new-0123456789abcdef.bak",
            "root-key.new-0123456789abcdeg", "root-key.new-01", "root-key.old",
        ]
        for name in others { try self.folder.write(name, "x") }
        let data = try DataFolder(path: self.folder.path)
        defer { data.release() }
        #expect(try self.folder.names() == (others + ["root-key", "claviger.lock"]).sorted())
        #expect(try self.folder.read("root-key") == self.digits)
    }

    @Test("a draft that another process is writing stays: only who holds the folder removes drafts")
    func draftsOfAnotherProcess() throws {
        let holder = try DataFolder(path: self.folder.path)
        defer { holder.release() }
        try self.folder.write("root-key.new-0123456789abcdef", "4b")
        #expect(throws: (any Error).self) { try DataFolder(path: self.folder.path) }
        #expect(try self.folder.names().contains("root-key.new-0123456789abcdef"))
    }

    @Test("may have its line end or not, and capital letters")
    func spellings() throws {
        let key = try #require(RootKey(bytes: [UInt8](repeating: 0x4B, count: 32)))
        for text in [self.digits, self.digits + "\n", self.digits.uppercased() + "\n"] {
            try self.folder.write("root-key", text)
            #expect(try self.provider().load(createIfMissing: false) == key)
        }
    }

    @Test("a mode that lets others in is refused", arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])
    func modes(mode: Int) throws {
        try self.folder.write("root-key", self.digits, mode: mode_t(mode))
        #expect(self.problem() == .exposed(mode: UInt32(mode)))
        #expect(self.problem(createIfMissing: true) == .exposed(mode: UInt32(mode)))
        let error = #expect(throws: RootKeyProviderError.self) { try self.provider().load(createIfMissing: false) }
        let text = "\(try #require(error))"
        #expect(text.contains("chmod 600 \(self.folder.file("root-key"))"))
        #expect(text.contains("mode 0\(String(mode, radix: 8))"))
    }

    @Test("narrower modes are fine", arguments: [0o400, 0o600, 0o700])
    func narrowModes(mode: Int) throws {
        try self.folder.write("root-key", self.digits, mode: mode_t(mode))
        #expect(self.problem() == nil)
    }

    @Test(
        "what is not 64 hexadecimal digits is refused, and not shown",
        arguments: [
            "", "\n", "4b", String(repeating: "4b", count: 31), String(repeating: "4b", count: 33),
            String(repeating: "4b", count: 31) + "4", String(repeating: "4b", count: 31) + "4g",
            String(repeating: "4b", count: 32) + "\n\n", " " + String(repeating: "4b", count: 32),
            String(repeating: "\0", count: 64),
        ]
    )
    func notAKey(text: String) throws {
        try self.folder.write("root-key", text)
        let path = self.folder.file("root-key")
        let error = #expect(throws: RootKeyProviderError.notARootKey(path: path)) {
            try self.provider().load(createIfMissing: true)
        }
        #expect(!"\(try #require(error))".contains("4b4b"))
        #expect(try self.folder.read("root-key") == text)
    }

    @Test("a large file is not read to its end")
    func large() throws {
        try self.folder.write("root-key", String(repeating: "4b", count: 100_000))
        #expect(self.problem() == .tooLong(limit: 128))
    }

    @Test("folders and pipes are refused without waiting")
    func notRegular() throws {
        #expect(mkdir(self.folder.file("folder"), 0o700) == 0)
        #expect(mkfifo(self.folder.file("pipe"), 0o600) == 0)
        #expect(self.problem("folder") == .notRegular)
        #expect(self.problem("pipe") == .notRegular)
        #expect(self.problem("pipe", createIfMissing: true) == .notRegular)
    }

    @Test("a link is as good as what it leads to, and is never written through")
    func links() throws {
        try self.folder.write("good", self.digits)
        try self.folder.write("open", self.digits, mode: 0o644)
        for (name, target) in [("to-good", "good"), ("to-open", "open"), ("broken", "nowhere")] {
            #expect(symlink(self.folder.file(target), self.folder.file(name)) == 0)
        }
        #expect(self.problem("to-good") == nil)
        #expect(self.problem("to-open") == .exposed(mode: 0o644))
        #expect(self.problem("broken", createIfMissing: true) == .exists)
        #expect(try !self.folder.names().contains("nowhere"))
    }

    @Test("a file of another user is refused", .enabled(if: geteuid() == 0, "only root can give files away"))
    func foreignOwner() throws {
        let path = try self.folder.write("root-key", self.digits)
        #expect(chown(path, 65534, 65534) == 0)
        #expect(self.problem() == .foreignOwner(user: 65534))
    }

    @Test("a folder that is not there is said")
    func noFolder() throws {
        #expect(self.problem("none/root-key") == .missing)
        let problem = self.problem("none/root-key", createIfMissing: true)
        guard case .failed(let reason) = problem else {
            Issue.record("\(String(describing: problem))")
            return
        }
        #expect(reason == "No such file or directory")
    }

    @Test("every refusal is one sentence about the file")
    func sentences() {
        let problems: [SecretFileError] = [
            .missing, .exists, .notRegular, .exposed(mode: 0o644), .foreignOwner(user: 7), .tooLong(limit: 128),
            .failed(reason: "Input/output error"),
        ]
        for problem in problems {
            let text = "\(RootKeyProviderError.file(path: "/srv/root-key", what: "root key file", problem: problem))"
            #expect(text.hasPrefix("The root key file /srv/root-key "))
            #expect(text.hasSuffix(".") || text.hasSuffix("?"))
            #expect(!text.contains("\n"))
        }
    }
}
