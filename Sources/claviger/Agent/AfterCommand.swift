import ClavigerCore
import Foundation

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

/// What is run after a token was replaced, such as a reload of the program that uses it.
///
/// Foundation's `Process` is not used: what it starts inherits the socket by which its end is noticed, so that a command
/// which starts a program would last as long as the program.
struct AfterCommand {
    /// How long a command has for tidying up when it is told to end.
    private static let patience = Duration.seconds(5)
    private static let glance = Duration.milliseconds(20)

    private let arguments: [String]
    private let limit: Duration
    private let time: any TimeSource

    /// - Parameters:
    ///   - usesShell: whether a shell reads the text; otherwise it is cut at spaces and nothing in it is special.
    ///   - limit: how long it may run.
    init(
        _ text: String,
        usesShell: Bool,
        limit: Duration = .seconds(300),
        time: any TimeSource = SystemTime()
    ) throws(CommandFailure) {
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw .usage("--exec needs a command.") }
        self.arguments = usesShell ? ["/bin/sh", "-c", text] : words
        self.limit = limit
        self.time = time
    }

    /// Runs it to its end, or ends it when its time is over.
    func run(tokenFile: String) async throws(CommandFailure) {
        let id = try self.start(tokenFile)
        if let status = await self.wait(for: id, self.limit) {
            guard status == 0 else {
                throw .refused("The command of --exec ended with status \(status); it is run again.")
            }
            return
        }
        // All that it has started with it: they are a group.
        kill(-id, SIGTERM)
        if await self.wait(for: id, Self.patience) == nil {
            kill(-id, SIGKILL)
            _ = await self.wait(for: id, Self.patience)
        }
        throw .refused(
            "The command of --exec was ended after \(DurationText.text(for: self.limit)); it is run again."
        )
    }

    private func start(_ tokenFile: String) throws(CommandFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        // What this program ignores or blocks is none of the command's business.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var environment = ProcessInfo.processInfo.environment
        environment["CLAVIGER_TOKEN_FILE"] = tokenFile
        var argv: [UnsafeMutablePointer<CChar>?] = self.arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id: pid_t = 0
        // Looks the command up in PATH.
        guard posix_spawnp(&id, self.arguments[0], &actions, &attributes, &argv, &envp) == 0 else {
            throw .refused("The command of --exec cannot be started.")
        }
        return id
    }

    /// The exit code, or 128 and the signal that ended it, as shells do; nil when it goes on for longer.
    private func wait(for id: pid_t, _ limit: Duration) async -> Int32? {
        let end = self.time.uptime() + limit
        while true {
            var status: Int32 = 0
            let ended = waitpid(id, &status, WNOHANG)
            if ended == id { return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F) }
            // Nothing is known of a process that is no child: it must not count as a success.
            if ended < 0, errno != EINTR { return 128 }
            guard self.time.uptime() < end else { return nil }
            try? await Task.sleep(for: Self.glance)
        }
    }
}
