@_spi(Plaintext) import ClavigerCore
import Foundation

/// The file that the first management key is delivered in: one line, mode 0600.
enum FirstKeyFile {
    /// Writes the file, on the disk when this returns.
    ///
    /// One that is there already belongs to a first start that did not get to its end: its key was never stored.
    static func write(_ token: KeyToken, to path: String, random: any RandomSource) throws {
        if unlink(path) != 0, errno != ENOENT {
            throw StartFailure("\(path) is in the way and cannot be removed. Remove it and start again.")
        }
        do throws(SecretFileError) {
            let line = token.withPlaintext { $0 + [UInt8(ascii: "\n")] }
            try SecretFile.create(path, line, random: random)
        } catch {
            throw StartFailure("The first management key cannot be written to \(path). Check the folder and its disk.")
        }
    }
}
