import Foundation

/// What is run after a token was replaced, such as a reload of the program that uses it.
struct AfterCommand {
    private let arguments: [String]

    /// - Parameter usesShell: whether a shell reads the text; otherwise it is cut at spaces and nothing in it is special.
    init(_ text: String, usesShell: Bool) throws(CommandFailure) {
        let words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw .usage("--exec needs a command.") }
        self.arguments = usesShell ? ["/bin/sh", "-c", text] : words
    }

    /// Runs it to its end.
    func run(tokenFile: String) async throws {
        let process = Process()
        // Looks the command up in PATH.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = self.arguments
        var environment = ProcessInfo.processInfo.environment
        environment["CLAVIGER_TOKEN_FILE"] = tokenFile
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: CommandFailure.refused("The command of --exec cannot be started."))
            }
        }
        guard status == 0 else {
            throw CommandFailure.refused("The command of --exec ended with status \(status); it is run again.")
        }
    }
}
