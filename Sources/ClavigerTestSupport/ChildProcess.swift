public import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A program in a process of its own, with its output in files.
///
/// Foundation's `Process` is not used: on Linux its children inherit the socket by which another child's end is
/// noticed, so that waiting for one may last until another has ended.
public final class ChildProcess: Sendable {
    /// Its process id.
    public let id: pid_t
    private let output: String
    private let errors: String
    /// Makes the names of the files unique in this process.
    private static let count = Atomic(0)
    /// The wait status, once somebody has collected it; only ``collect(_:)`` touches it.
    private let status = Mutex<Int32?>(nil)

    /// The system would not start the program.
    public struct DidNotSpawn: Error {
        /// The system's error number.
        public let code: Int32
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path, or a name that is searched in `PATH`.
    ///   - environment: all of its environment.
    ///   - folder: where the files with its output go.
    ///   - input: what it reads from standard input.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        folder: String = FileManager.default.temporaryDirectory.path,
        input: String = ""
    ) throws {
        let (_, number) = Self.count.add(1, ordering: .relaxed)
        let name = "\(folder)/child-\(getpid())-\(number)"
        self.output = name + ".out"
        self.errors = name + ".err"
        try Data(input.utf8).write(to: URL(fileURLWithPath: name + ".in"))
        defer { unlink(name + ".in") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, name + ".in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, self.output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, self.errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, program, &actions, nil, &argv, &envp)
        guard code == 0 else { throw DidNotSpawn(code: code) }
        self.id = id
    }

    deinit {
        if self.collect(WNOHANG) == nil {
            kill(self.id, SIGKILL)
            _ = self.collect(0)
        }
        unlink(self.output)
        unlink(self.errors)
    }

    /// What it wrote to standard output so far.
    public var outputText: String { Self.text(self.output) }
    /// What it wrote to standard error so far.
    public var errorText: String { Self.text(self.errors) }
    /// Whether it has not ended yet.
    public var isRunning: Bool { self.collect(WNOHANG) == nil }

    /// Sends it a signal.
    public func signal(_ number: Int32) {
        // A process that has been collected may have lent its id to another.
        self.status.withLock { status in
            if status == nil { kill(self.id, number) }
        }
    }

    /// Waits until it has ended.
    ///
    /// Answers the exit code, or 128 and the signal that ended it, as shells do.
    @discardableResult
    public func wait() async -> Int32 {
        while true {
            if let status = self.collect(WNOHANG) {
                return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func collect(_ options: Int32) -> Int32? {
        self.status.withLock { collected in
            if collected != nil { return collected }
            var status: Int32 = 0
            if waitpid(self.id, &status, options) == self.id { collected = status }
            return collected
        }
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
