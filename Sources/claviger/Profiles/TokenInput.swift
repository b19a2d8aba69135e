import ClavigerCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Reads tokens from where others cannot see them: a file of one's own, a pipe, standard input, the environment.
enum TokenInput {
    /// A management key that has the shape of one.
    struct Key {
        let token: KeyToken
        let text: String
    }

    private static let longest = 1024

    /// Reads a management key from a file, or from standard input for `-`.
    static func managementKey(from file: String) throws(CommandFailure) -> Key {
        guard file != "-" else { return try Self.checked(try Self.standardInput(), from: "standard input") }
        let contents = try Self.secret(from: file, atMost: Self.longest, "a management key")
        return try Self.checked(String(decoding: contents, as: UTF8.self), from: file)
    }

    /// Reads a file of one's own that nobody else can read, or a pipe.
    ///
    /// - Parameter what: what it should hold, in a sentence.
    static func secret(from file: String, atMost limit: Int, _ what: String) throws(CommandFailure) -> [UInt8] {
        do throws(SecretFileError) {
            return try SecretFile.read(file, atMost: limit)
        } catch {
            switch error {
            case .exposed(let mode):
                throw .usage(
                    "The key in \(file) can be read or changed by others (mode 0\(String(mode, radix: 8))): run "
                        + "`chmod 600 \(file)`."
                )
            case .notRegular: return try Self.pipe(file, atMost: limit)
            case .missing: throw .usage("\(file): there is no such file.")
            case .tooLong: throw .usage("\(file) is too long for \(what): is it the right file?")
            case .foreignOwner: throw .usage("\(file) belongs to another user: use a copy of your own.")
            case .exists, .failed: throw .usage("\(file) cannot be read: check its permissions.")
            }
        }
    }

    /// The text of standard input, without the line end.
    static func standardInput() throws(CommandFailure) -> String {
        do throws(SmallFileError) {
            return Self.line(String(decoding: try SmallFile.read(STDIN_FILENO, atMost: Self.longest), as: UTF8.self))
        } catch {
            throw .usage("Standard input \(error)")
        }
    }

    /// A text that has to be a management key.
    static func checked(_ text: String, from place: String) throws(CommandFailure) -> Key {
        let line = Self.line(text)
        do throws(KeyTokenError) {
            return Key(token: try KeyToken(parsing: line), text: line)
        } catch {
            let what = error == .wrongChecksum ? "is not complete or has a typing error" : "is not a management key"
            throw .usage("What \(place) holds \(what): it looks like claviger_live_… and has no spaces.")
        }
    }

    /// `<(command)` of a shell is a pipe.
    private static func pipe(_ file: String, atMost limit: Int) throws(CommandFailure) -> [UInt8] {
        do throws(SmallFileError) {
            return try SmallFile.read(file, atMost: limit)
        } catch {
            throw .usage("\(file) \(error)")
        }
    }

    private static func line(_ text: String) -> String {
        var line = text[...]
        while let last = line.last, last.isNewline { line = line.dropLast() }
        return String(line)
    }
}
