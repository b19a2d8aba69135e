import ClavigerCore
@_spi(Plaintext) import ClavigerLog
import ClavigerWitness
import Foundation

/// The key of a witness: made once, in a file that only its owner may read.
enum WitnessKeyFile {
    static let keyName = "witness-key"
    static let verifierKeyName = "witness-vkey"
    private static let longest = 4096

    /// Reads the key, or makes it at the first start.
    ///
    /// - Parameter name: what the witness is to be called; needed for a new one, and never changed.
    static func load(in folder: DataFolder, name: String?, random: any RandomSource) throws -> Cosigner {
        let path = folder.path + "/" + Self.keyName
        SecretFile.removeDrafts(of: [Self.keyName, Self.verifierKeyName], in: folder.path)
        let contents: [UInt8]?
        do throws(SecretFileError) {
            contents = try SecretFile.read(path, atMost: Self.longest)
        } catch {
            guard error == .missing else { throw Self.failure(error, path) }
            contents = nil
        }
        let cosigner = try contents.map { try Self.parse($0, path) } ?? Self.make(path, in: folder, name, random)
        if let name, name != cosigner.verifierKey.name.text {
            throw CommandFailure.usage(
                "The witness in \(folder.path) is called \(cosigner.verifierKey.name), and its name cannot be changed: "
                    + "leave out --name, or give another witness another folder with --data."
            )
        }
        try Self.publish(cosigner.verifierKey, in: folder, random: random)
        return cosigner
    }

    private static func parse(_ contents: [UInt8], _ path: String) throws -> Cosigner {
        let line = contents.last == UInt8(ascii: "\n") ? contents.dropLast() : contents[...]
        guard let cosigner = try? Cosigner(parsing: String(decoding: line, as: UTF8.self)) else {
            throw CommandFailure.usage(
                "\(path) does not hold the key of a witness. Put the right file back: a new key would be a new witness."
            )
        }
        return cosigner
    }

    private static func make(
        _ path: String,
        in folder: DataFolder,
        _ name: String?,
        _ random: any RandomSource
    ) throws -> Cosigner {
        guard let name else {
            throw CommandFailure.usage(
                "A new witness needs a name, which it then keeps: --name witness.example.com/w1."
            )
        }
        guard let keyName = NoteKeyName(name),
            let cosigner = Cosigner(name: keyName, seed: random.bytes(Cosigner.seedLength))
        else {
            throw CommandFailure.usage(
                "--name must be like an address without its scheme, such as witness.example.com/w1: no spaces and no +."
            )
        }
        // What was cosigned with a key that is lost must not be begun again with another. Before the key, which is what says
        // that there is a witness.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        guard !names.contains(where: WitnessStore.isFileName), try WitnessStore.begin(in: folder.path) else {
            throw CommandFailure.usage(
                "\(folder.path) has checkpoints that a witness cosigned, and its key \(Self.keyName) is missing. Put it "
                    + "back, or begin a new witness in an empty folder."
            )
        }
        do throws(SecretFileError) {
            try SecretFile.create(path, cosigner.withPlaintext { $0 + [UInt8(ascii: "\n")] }, random: random)
        } catch {
            throw Self.failure(error, path)
        }
        return cosigner
    }

    /// Puts the public key where an operator can copy it from.
    private static func publish(_ key: VerifierKey, in folder: DataFolder, random: any RandomSource) throws {
        let path = folder.path + "/" + Self.verifierKeyName
        do throws(SecretFileError) {
            try SecretFile.replace(path, Array("\(key)\n".utf8), mode: 0o644, random: random)
        } catch {
            throw Self.failure(error, path)
        }
    }

    private static func failure(_ error: SecretFileError, _ path: String) -> CommandFailure {
        switch error {
        case .exposed(let mode):
            .usage(
                "\(path) can be read or changed by others (mode 0\(String(mode, radix: 8))): run `chmod 600 \(path)`."
            )
        case .foreignOwner: .usage("\(path) belongs to another user: use a file of your own.")
        case .notRegular: .usage("\(path) is no regular file.")
        case .tooLong: .usage("\(path) is too long for a key: is it the right file?")
        case .missing, .exists, .failed:
            .refused("\(path) cannot be read or written: check the folder and its permissions.")
        }
    }
}
