import ArgumentParser
import ClavigerCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Reads JSON that is too long for an option.
enum JSONFile {
    private static let sizeLimit = 2 * 1024 * 1024

    /// Reads a file, or standard input for `-`.
    static func read(_ file: String) throws(CommandFailure) -> JSON {
        let place = Self.place(file)
        let contents: [UInt8]
        do throws(SmallFileError) {
            contents =
                file == "-"
                ? try SmallFile.read(STDIN_FILENO, atMost: Self.sizeLimit)
                : try SmallFile.read(file, atMost: Self.sizeLimit)
        } catch {
            throw .usage("\(place) \(error)")
        }
        do throws(JSONError) {
            return try JSON.parse(contents)
        } catch {
            throw .usage("\(place): \(error.message)")
        }
    }

    /// Reads a file that has to hold an object.
    static func object(_ file: String) throws(CommandFailure) -> JSONObject {
        guard let object = try Self.read(file).object else {
            throw .usage("\(Self.place(file)) must hold a JSON object.")
        }
        return object
    }

    private static func place(_ file: String) -> String {
        file == "-" ? "Standard input" : file.printable
    }
}

/// Standard input, which can be read once.
enum StandardInput {
    /// Refuses to read two things from it.
    static func check(_ sources: [(what: String, file: String?)], _ server: ClientOptions) throws {
        let given = (sources + [("the management key", server.tokenFile)]).filter { $0.file == "-" }.map(\.what)
        guard given.count > 1 else { return }
        throw ValidationError("Standard input can give \(given.joined(separator: " or ")), not both.")
    }
}
