/// Why there is no root key.
///
/// Its description is one sentence for the operator: what is wrong and what to do.
enum RootKeyProviderError: Error, Hashable {
    /// A file of ours, what it is called in a sentence, and what is wrong with it.
    case file(path: String, what: String, problem: SecretFileError)
    /// The file does not hold 64 hexadecimal digits.
    case notARootKey(path: String)
    /// The environment variable is not set.
    case variableMissing(name: String)
    /// The environment variable does not hold a root key.
    case variableMalformed(name: String)
    /// The passphrase is shorter than is allowed.
    case passphraseTooShort(minimum: Int)
    /// The passphrase is not one line of UTF-8 text.
    case passphraseMalformed
    /// The file with the salt and the parameters of the passphrase does not have its shape.
    case derivationFileMalformed(path: String)
    /// The memory for the derivation was not available.
    case derivationFailed(mebibytes: Int)
}

extension RootKeyProviderError: CustomStringConvertible {
    var description: String {
        switch self {
        case .file(let path, let what, let problem): Self.describe(path, what, problem)
        case .notARootKey(let path):
            "\(path) does not hold a root key (64 hexadecimal digits on one line): put the right file back from your "
                + "backup."
        case .variableMissing(let name):
            "The environment variable \(name) is not set: set it, or choose another sealing.provider."
        case .variableMalformed(let name):
            "The environment variable \(name) does not hold what it must: give 32 bytes as 64 hexadecimal digits or as "
                + "base64, for example from `openssl rand -hex 32`."
        case .passphraseTooShort(let minimum):
            "The passphrase is too short: it must have at least \(minimum) characters."
        case .passphraseMalformed:
            "The passphrase is not acceptable: it must be one line of UTF-8 text without control characters, at most "
                + "1024 bytes."
        case .derivationFileMalformed(let path):
            "\(path) does not hold the salt and parameters of the passphrase: put the right file back from your backup."
        case .derivationFailed(let mebibytes):
            "The root key could not be derived from the passphrase: the derivation needs \(mebibytes) MiB of free memory."
        }
    }

    private static func describe(_ path: String, _ what: String, _ problem: SecretFileError) -> String {
        switch problem {
        case .missing:
            "The \(what) \(path) is missing: put it back from your backup, as what was sealed with it cannot be opened "
                + "with a new one."
        case .exists:
            "The \(what) \(path) cannot be created, because something of that name (perhaps a broken link) is there: "
                + "move it away."
        case .notRegular:
            "The \(what) \(path) is not a regular file: give the path of a file."
        case .exposed(let mode):
            "The \(what) \(path) can be read or changed by others (mode 0\(String(mode, radix: 8))): run "
                + "`chmod 600 \(path)`."
        case .foreignOwner(let user):
            "The \(what) \(path) belongs to another user (\(user)): give it to the user that runs claviger."
        case .tooLong(let limit):
            "The \(what) \(path) is longer than the \(limit) bytes that it can have: is it the right file?"
        case .failed(let reason):
            "The \(what) \(path) cannot be used (\(reason)): correct this and start again."
        }
    }
}
