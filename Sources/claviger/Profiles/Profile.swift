import ClavigerClient
import ClavigerCore

/// A server and the way to it, under a name.
struct Profile: Sendable {
    /// 1–64 letters, digits, `-`, `_` and `.`.
    var name: String
    var url: ServerURL
    /// The management key, unless it is in a file of its own or comes from the environment.
    var token: SecretText?
    /// The public beginning of the key, to recognise it.
    var tokenStart: String?
    var authorityFile: String?

    /// Checks a name.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return byte < 0x80 && (character.isLetter || character.isNumber || "-_.".contains(character))
            }
    }
}
