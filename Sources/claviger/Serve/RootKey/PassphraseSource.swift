/// Where the passphrase comes from.
enum PassphraseSource: Hashable, Sendable {
    /// The variable `CLAVIGER_PASSPHRASE`.
    case environment
    /// A file that only its owner may read.
    case file(path: String)
    /// A descriptor that the process was started with, as `systemd` and password programs give.
    case descriptor(Int32)

    /// The variable with the passphrase.
    static let variable = "CLAVIGER_PASSPHRASE"
    /// The fewest characters.
    static let minimumLength = 12
    private static let longest = 1024

    /// Reads the value of `sealing.passphraseFile`.
    ///
    /// A path, or `fd:3` for a descriptor; nil is the environment.
    init(setting: String?) {
        guard let setting else {
            self = .environment
            return
        }
        if setting.hasPrefix("fd:"), let number = Int32(setting.dropFirst(3)), number >= 0 {
            self = .descriptor(number)
        } else {
            self = .file(path: setting)
        }
    }

    /// The passphrase, checked.
    func read(environment: [String: String]) throws(RootKeyProviderError) -> String {
        switch self {
        case .environment:
            guard let text = environment[Self.variable], !text.isEmpty else {
                throw .variableMissing(name: Self.variable)
            }
            return try Self.checked(Array(text.utf8))
        case .file(let path):
            return try Self.read("passphrase file", path) { () throws(SecretFileError) in
                try SecretFile.read(path, atMost: Self.longest + 2)
            }
        case .descriptor(let number):
            return try Self.read("passphrase descriptor", "fd:\(number)") { () throws(SecretFileError) in
                try SecretFile.readAll(number, atMost: Self.longest + 2)
            }
        }
    }

    private static func read(
        _ what: String,
        _ path: String,
        _ contents: () throws(SecretFileError) -> [UInt8]
    ) throws(RootKeyProviderError) -> String {
        let bytes: [UInt8]
        do throws(SecretFileError) {
            bytes = try contents()
        } catch {
            throw .file(path: path, what: what, problem: error)
        }
        return try Self.checked(bytes)
    }

    /// One line: a line end behind it is not part of it, as editors and `echo` add one.
    private static func checked(_ contents: [UInt8]) throws(RootKeyProviderError) -> String {
        var line = contents[...]
        if line.last == UInt8(ascii: "\n") { line = line.dropLast() }
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        guard
            line.count <= Self.longest, let text = String(validating: line, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { throw .passphraseMalformed }
        guard text.count >= Self.minimumLength else { throw .passphraseTooShort(minimum: Self.minimumLength) }
        return text
    }
}
