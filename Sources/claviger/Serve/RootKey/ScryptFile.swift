import ClavigerCore

/// What a passphrase becomes a root key with: salt and scrypt parameters, kept in `DATA/root-key.scrypt`.
///
/// No secret by itself, but with a copy of the database it lets a thief try passphrases, so it is kept like one.
struct ScryptFile: Hashable {
    static let name = "root-key.scrypt"
    static let saltLength = 32

    var salt: [UInt8]
    var parameters: ScryptParameters

    init(salt: [UInt8], parameters: ScryptParameters) {
        self.salt = salt
        self.parameters = parameters
    }

    /// Reads the file; nil when it is not one, or asks for a derivation that this version does not do.
    init?(contents: [UInt8]) {
        guard
            let json = try? JSON.parse(contents),
            json["algorithm"] == "scrypt",
            let cost = json["cost"]?.integer,
            let blockSize = json["blockSize"]?.integer,
            let parallelism = json["parallelism"]?.integer,
            let parameters = try? ScryptParameters(
                cost: Int(cost),
                blockSize: Int(blockSize),
                parallelism: Int(parallelism)
            ),
            let salt = json["salt"]?.string.flatMap({ Hex.decode($0.utf8) }), salt.count == Self.saltLength
        else { return nil }
        self.init(salt: salt, parameters: parameters)
    }

    /// The file's bytes.
    var contents: [UInt8] {
        let json: JSON = [
            "algorithm": "scrypt",
            "cost": .integer(Int64(self.parameters.cost)),
            "blockSize": .integer(Int64(self.parameters.blockSize)),
            "parallelism": .integer(Int64(self.parameters.parallelism)),
            "salt": .string(Hex.encode(self.salt)),
        ]
        return json.serialized() + [UInt8(ascii: "\n")]
    }
}
