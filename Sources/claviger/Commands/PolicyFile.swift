import ClavigerAPI
import ClavigerCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Reads a policy that somebody has written.
enum PolicyFile {
    private static let sizeLimit = 64 * 1024

    /// Reads a file in JSON or YAML, or standard input for `-`.
    ///
    /// What begins with a brace is JSON.
    static func read(_ file: String) throws(CommandFailure) -> JSON {
        let place = file == "-" ? "Standard input" : file.printable
        let contents: [UInt8]
        do throws(SmallFileError) {
            contents =
                file == "-"
                ? try SmallFile.read(STDIN_FILENO, atMost: Self.sizeLimit)
                : try SmallFile.read(file, atMost: Self.sizeLimit)
        } catch {
            throw .usage("\(place) \(error)")
        }
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        guard contents.first(where: { !blanks.contains($0) }) == UInt8(ascii: "{") else {
            do throws(Problem) {
                return try YAMLText.json(contents)
            } catch {
                throw .usage("\(place): \(error.detail)".printable)
            }
        }
        do throws(JSONError) {
            return try JSON.parse(contents)
        } catch {
            throw .usage("\(place): \(error.message)")
        }
    }
}
