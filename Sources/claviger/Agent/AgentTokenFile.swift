import ClavigerCore
import Foundation

/// The file that an agent keeps a fresh token in, and what belongs to it.
struct AgentTokenFile {
    /// A token that has the shape of one.
    struct Contents {
        let token: KeyToken
        let text: String
    }

    private static let longest = 1024

    /// Where the file is, links resolved: what is replaced is the file, not a link to it.
    let path: String
    private let random: any RandomSource

    init(_ path: String, random: any RandomSource) throws(CommandFailure) {
        guard let real = realpath(path, nil) else {
            throw .usage("\(path): there is no such file, or it cannot be reached. Put the first token into it.")
        }
        defer { free(real) }
        self.path = String(cString: real)
        self.random = random
    }

    /// What is being done, for whoever comes after a crash.
    var journalPath: String { self.path + ".rotation" }
    private var lockPath: String { self.path + ".lock" }

    /// Reads the token; refuses a file that others can read.
    func read() throws(CommandFailure) -> Contents {
        let bytes: [UInt8]
        do throws(SecretFileError) {
            bytes = try SecretFile.read(self.path, atMost: Self.longest)
        } catch {
            throw Self.failure(error, self.path)
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
        do throws(KeyTokenError) {
            return Contents(token: try KeyToken(parsing: text), text: text)
        } catch {
            let what = error == .wrongChecksum ? "is not complete or has a typing error" : "is not a token"
            throw .usage("What \(self.path) holds \(what).")
        }
    }

    /// Replaces the token: a crash leaves the old one or the new one.
    func replace(_ token: String) throws(CommandFailure) {
        do throws(SecretFileError) {
            try SecretFile.replace(self.path, Array("\(token)\n".utf8), random: self.random)
        } catch {
            throw Self.failure(error, self.path)
        }
    }

    /// What was being done when an agent stopped; nil for nothing.
    func journal() throws(CommandFailure) -> AgentJournal? {
        do throws(SecretFileError) {
            return AgentJournal(try SecretFile.read(self.journalPath, atMost: 4096))
        } catch {
            if error == .missing { return nil }
            throw Self.failure(error, self.journalPath)
        }
    }

    /// Notes what is being done; nil for nothing any more.
    func note(_ journal: AgentJournal?) throws(CommandFailure) {
        do throws(SecretFileError) {
            if let journal {
                try SecretFile.replace(self.journalPath, journal.bytes, random: self.random)
            } else {
                try SecretFile.remove(self.journalPath)
            }
        } catch {
            throw Self.failure(error, self.journalPath)
        }
    }

    /// Makes sure that no other agent keeps this file, until the process ends, and removes what a killed one left.
    func lock() throws(CommandFailure) {
        let descriptor = open(self.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .usage("\(self.lockPath) cannot be made: \(String(cString: strerror(errno))).")
        }
        // Held as long as the process lives.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .refused("Another agent keeps \(self.path) fresh.")
        }
        let parts = self.path.split(separator: "/")
        let name = parts.last.map(String.init) ?? self.path
        let folder = "/" + parts.dropLast().joined(separator: "/")
        SecretFile.removeDrafts(of: [name, name + ".rotation"], in: folder)
    }

    private static func failure(_ error: SecretFileError, _ path: String) -> CommandFailure {
        switch error {
        case .exposed(let mode):
            .usage(
                "\(path) can be read or changed by others (mode 0\(String(mode, radix: 8))): run `chmod 600 \(path)`."
            )
        case .missing: .usage("\(path): there is no such file.")
        case .tooLong: .usage("\(path) is too long for a token: is it the right file?")
        case .foreignOwner: .usage("\(path) belongs to another user: use a file of your own.")
        case .notRegular: .usage("\(path) is no regular file.")
        case .exists, .failed: .refused("\(path) cannot be read or written: check the folder and its permissions.")
        }
    }
}
