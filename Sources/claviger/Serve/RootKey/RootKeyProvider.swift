import ClavigerCore

/// Where the root key comes from.
struct RootKeyProvider: Sendable {
    /// The values of `sealing.provider`.
    enum Source: Hashable, Sendable {
        /// A file of 64 hexadecimal digits.
        case file(path: String)
        /// The variable `CLAVIGER_ROOT_KEY`.
        case environment
        /// Derived from a passphrase by scrypt.
        case passphrase(PassphraseSource)
    }

    /// The variable with the root key, as 64 hexadecimal digits or base64.
    static let variable = "CLAVIGER_ROOT_KEY"

    private let source: Source
    private let dataDirectory: String
    private let environment: [String: String]
    private let random: any RandomSource
    private let parameters: ScryptParameters

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - source: Where the key comes from.
    ///   - dataDirectory: The data folder, where the salt of a passphrase is kept.
    ///   - environment: The environment of the process.
    ///   - random: Makes the key or the salt on a first start.
    ///   - parameters: The work for a passphrase that is used for the first time; later its file says.
    init(
        _ source: Source,
        dataDirectory: String,
        environment: [String: String],
        random: any RandomSource,
        parameters: ScryptParameters = .recommended
    ) {
        self.source = source
        self.dataDirectory = dataDirectory
        self.environment = environment
        self.random = random
        self.parameters = parameters
    }

    /// Where the key is when `sealing.file` does not say.
    static func defaultFile(in dataDirectory: String) -> String {
        dataDirectory + "/" + DataFolder.rootKeyName
    }

    /// The root key.
    ///
    /// - Parameter createIfMissing: Whether this is a first start: there is no database yet. Otherwise a missing file is
    ///   an error and never replaced, as a new key could open nothing.
    func load(createIfMissing: Bool) throws(RootKeyProviderError) -> RootKey {
        switch self.source {
        case .file(let path):
            return try self.keyFile(path, createIfMissing: createIfMissing)
        case .environment:
            guard let text = self.environment[Self.variable], !text.isEmpty else {
                throw .variableMissing(name: Self.variable)
            }
            guard let key = Self.key(fromText: text) else { throw .variableMalformed(name: Self.variable) }
            return key
        case .passphrase(let source):
            let passphrase = try source.read(environment: self.environment)
            return try self.key(from: passphrase, createIfMissing: createIfMissing)
        }
    }

    private func keyFile(_ path: String, createIfMissing: Bool) throws(RootKeyProviderError) -> RootKey {
        let contents = try self.contents(of: path, "root key file", limit: 128, createIfMissing: createIfMissing) {
            Array((Hex.encode(self.random.bytes(RootKey.length)) + "\n").utf8)
        }
        let line = contents.last == UInt8(ascii: "\n") ? contents.dropLast() : contents[...]
        guard let bytes = Hex.decode(line), let key = RootKey(bytes: bytes) else { throw .notARootKey(path: path) }
        return key
    }

    private func key(from passphrase: String, createIfMissing: Bool) throws(RootKeyProviderError) -> RootKey {
        let path = self.dataDirectory + "/" + ScryptFile.name
        let contents = try self.contents(of: path, "passphrase file", limit: 4096, createIfMissing: createIfMissing) {
            ScryptFile(salt: self.random.bytes(ScryptFile.saltLength), parameters: self.parameters).contents
        }
        guard let file = ScryptFile(contents: contents) else { throw .derivationFileMalformed(path: path) }
        do {
            return try RootKey(passphrase: passphrase, salt: file.salt, parameters: file.parameters)
        } catch {
            throw .derivationFailed(mebibytes: 128 * file.parameters.cost * file.parameters.blockSize >> 20)
        }
    }

    /// Reads a file; on a first start without one, makes it and then reads what is really there.
    private func contents(
        of path: String,
        _ what: String,
        limit: Int,
        createIfMissing: Bool,
        new: () -> [UInt8]
    ) throws(RootKeyProviderError) -> [UInt8] {
        do throws(SecretFileError) {
            do throws(SecretFileError) {
                return try SecretFile.read(path, atMost: limit)
            } catch .missing where createIfMissing {
                try SecretFile.create(path, new(), random: self.random)
                return try SecretFile.read(path, atMost: limit)
            }
        } catch {
            throw .file(path: path, what: what, problem: error)
        }
    }

    /// 64 hexadecimal digits, or 32 bytes in base64 of either alphabet, with or without padding.
    private static func key(fromText text: String) -> RootKey? {
        let text = text.trimmingPrefix(while: \.isWhitespace)
        let end = text.lastIndex { !$0.isWhitespace }
        guard let end else { return nil }
        let characters = Array(text[...end].utf8)
        if characters.count == 64 { return Hex.decode(characters).flatMap { RootKey(bytes: $0) } }
        let unpadded =
            characters.count == 44 && characters.last == UInt8(ascii: "=") ? characters.dropLast() : characters[...]
        let translated = unpadded.map { character in
            switch character {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: character
            }
        }
        return Base64URL.decode(String(decoding: translated, as: UTF8.self)).flatMap { RootKey(bytes: $0) }
    }
}
