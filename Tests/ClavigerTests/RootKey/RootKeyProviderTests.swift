import ClavigerCore
import Testing

@testable import claviger

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

@Suite("Root key in the environment")
struct RootKeyEnvironmentTests {
    private func load(_ text: String?) throws(RootKeyProviderError) -> RootKey {
        try RootKeyProvider(
            .environment,
            dataDirectory: "/nowhere",
            environment: text.map { ["CLAVIGER_ROOT_KEY": $0] } ?? [:],
            random: CountingBytes(start: 0)
        ).load(createIfMissing: true)
    }

    // 32 bytes from 0xDF to 0xFE: their base64 has the characters in which the alphabets differ. Encoded by Python.
    @Test(
        "as hexadecimal digits or base64",
        arguments: [
            "dfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfe",
            "DFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFE\n",
            "3+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f4=",
            "3+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f4",
            " 3-Dh4uPk5ebn6Onq6-zt7u_w8fLz9PX29_j5-vv8_f4\n",
        ]
    )
    func spellings(text: String) throws {
        #expect(try self.load(text) == RootKey(bytes: 0xDF...0xFE))
    }

    @Test("when it is not set, that is said", arguments: [nil, ""])
    func missing(text: String?) {
        #expect(throws: RootKeyProviderError.variableMissing(name: "CLAVIGER_ROOT_KEY")) { try self.load(text) }
    }

    @Test(
        "anything else is refused, and not shown",
        arguments: [
            "hunter2hunter2", " ", "\n", "dfe0", String(repeating: "zz", count: 32), String(repeating: "A", count: 42),
            String(repeating: "A", count: 44), "3+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f5=", "ä",
            String(repeating: "df", count: 33),
        ]
    )
    func malformed(text: String) throws {
        let error = #expect(throws: RootKeyProviderError.variableMalformed(name: "CLAVIGER_ROOT_KEY")) {
            try self.load(text)
        }
        let message = "\(try #require(error))"
        #expect(message.contains("CLAVIGER_ROOT_KEY") && message.contains("openssl rand -hex 32"))
        #expect(!message.contains("hunter2"))
    }
}

@Suite("Root key from a passphrase")
struct RootKeyPassphraseTests {
    private let folder: RootKeyFolder
    private let passphrase = "correct horse battery"

    init() throws {
        self.folder = try RootKeyFolder()
    }

    private func load(
        _ passphrase: String?,
        from source: PassphraseSource = .environment,
        createIfMissing: Bool = true,
        cost: Int = 16
    ) throws -> RootKey {
        try RootKeyProvider(
            .passphrase(source),
            dataDirectory: self.folder.path,
            environment: passphrase.map { ["CLAVIGER_PASSPHRASE": $0] } ?? [:],
            random: CountingBytes(start: 0),
            // As cheap as scrypt can be; what the file says counts later.
            parameters: ScryptParameters(cost: cost, blockSize: 1, parallelism: 1)
        ).load(createIfMissing: createIfMissing)
    }

    @Test("keeps the salt and the parameters beside the data")
    func derivation() throws {
        let key = try self.load(self.passphrase)
        #expect(try self.folder.names() == ["root-key.scrypt"])
        #expect(try self.folder.mode("root-key.scrypt") == 0o600)
        #expect(
            try self.folder.read("root-key.scrypt")
                == #"{"algorithm":"scrypt","cost":16,"blockSize":1,"parallelism":1,"#
                + #""salt":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}"# + "\n"
        )
        // Python: hashlib.scrypt(b"correct horse battery", salt=bytes(range(32)), n=16, r=1, p=1, dklen=32)
        #expect(
            key
                == RootKey(
                    bytes: Hex.decode("44bf6b670dd8838d4c4144965ad33aaece9821d2f25de193ac91d6d8fc245024".utf8) ?? []
                )
        )
        // New parameters are for new files.
        #expect(try self.load(self.passphrase, createIfMissing: false, cost: 32) == key)
        #expect(try self.load(self.passphrase + "!", createIfMissing: false) != key)
    }

    @Test("the recommended parameters are N = 2^17, r = 8, p = 1")
    func recommended() {
        let parameters = ScryptParameters.recommended
        #expect(parameters.cost == 131_072 && parameters.blockSize == 8 && parameters.parallelism == 1)
    }

    @Test("a lost file is an error when there is a database")
    func lost() throws {
        let error = #expect(throws: RootKeyProviderError.self) {
            try self.load(self.passphrase, createIfMissing: false)
        }
        #expect("\(try #require(error))".contains("root-key.scrypt is missing"))
        #expect(try self.folder.names() == [])
    }

    @Test("comes from a file or a descriptor too; one line end is not part of it")
    func sources() throws {
        let key = try self.load(self.passphrase)
        for end in ["", "\n", "\r\n"] {
            let path = try self.folder.write("passphrase", self.passphrase + end)
            #expect(try self.load(nil, from: .file(path: path)) == key)
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            #expect(try self.load(nil, from: .descriptor(descriptor)) == key)
        }
        let path = try self.folder.write("passphrase", self.passphrase, mode: 0o644)
        #expect(throws: RootKeyProviderError.self) { try self.load(nil, from: .file(path: path)) }
        #expect(throws: RootKeyProviderError.self) { try self.load(nil, from: .file(path: path + "-none")) }
        #expect(throws: RootKeyProviderError.self) { try self.load(nil, from: .descriptor(9999)) }
    }

    @Test("the setting names a file or a descriptor")
    func setting() {
        #expect(PassphraseSource(setting: nil) == .environment)
        #expect(PassphraseSource(setting: "fd:3") == .descriptor(3))
        #expect(PassphraseSource(setting: "/run/passphrase") == .file(path: "/run/passphrase"))
        #expect(PassphraseSource(setting: "fd:x") == .file(path: "fd:x"))
        #expect(PassphraseSource(setting: "fd:-1") == .file(path: "fd:-1"))
    }

    @Test(
        "must be one line of 12 characters or more",
        arguments: [
            ("short", RootKeyProviderError.passphraseTooShort(minimum: 12)),
            ("elevenchars", .passphraseTooShort(minimum: 12)), ("elevenchars\n", .passphraseTooShort(minimum: 12)),
            ("two lines\nin one file", .passphraseMalformed), ("with a tab\tinside", .passphraseMalformed),
            ("nul\0nul\0nul\0nul", .passphraseMalformed), (String(repeating: "a", count: 1025), .passphraseMalformed),
        ]
    )
    func refused(passphrase: String, expected: RootKeyProviderError) throws {
        #expect(throws: expected) { try self.load(passphrase) }
        // A refused one has left nothing that a later start would take for its own.
        #expect(try self.folder.names() == [])
        #expect(throws: RootKeyProviderError.variableMissing(name: "CLAVIGER_PASSPHRASE")) { try self.load(nil) }
    }

    @Test(
        "a damaged file is refused",
        arguments: [
            "", "{}", "[]", "null", "{",
            #"{"algorithm":"argon2","cost":16,"blockSize":1,"parallelism":1,"salt":"00"}"#,
            #"{"algorithm":"scrypt","cost":16,"blockSize":1,"parallelism":1,"salt":"00"}"#,
            #"{"algorithm":"scrypt","cost":15,"blockSize":1,"parallelism":1,"salt":"$"}"#,
            #"{"algorithm":"scrypt","cost":9223372036854775807,"blockSize":9223372036854775807,"parallelism":1,"salt":"$"}"#,
            #"{"algorithm":"scrypt","cost":"16","blockSize":1,"parallelism":1,"salt":"$"}"#,
        ]
    )
    func damaged(text: String) throws {
        let salt = String(repeating: "00", count: 32)
        let path = try self.folder.write("root-key.scrypt", text.replacing("$", with: salt))
        #expect(throws: RootKeyProviderError.derivationFileMalformed(path: path)) {
            try self.load(self.passphrase)
        }
    }
}
