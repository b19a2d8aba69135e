import ClavigerClient
import ClavigerCore
import ClavigerHTTP
import ClavigerLog
import Foundation

extension ServerConfiguration {
    /// The audit log.
    struct Audit: Sendable, Hashable {
        /// What the log is named; nil for a name after the workspace.
        var origin: NoteKeyName?
        /// Whether anybody may read its tiles and checkpoints.
        var isPublic: Bool
        /// How long its leaves are at hand.
        var keep: Duration
        /// Who is asked to cosign its heads.
        var witnesses: [Witness]
        /// How long a witness may be missing before somebody is told.
        var witnessAlarm: Duration
        /// Certificates in PEM format that those of witnesses must come from; nil for the system's.
        var witnessAuthorityFile: String?
    }

    /// A witness of the audit log.
    struct Witness: Sendable, Hashable {
        var key: VerifierKey
        var url: ServerURL
    }

    static func audit(_ reader: inout ConfigurationReader) -> Audit? {
        let origin = reader.value(
            Setting<NoteKeyName>(.auditOrigin) { text throws(FieldError) in
                guard text.utf8.count <= 200, let name = NoteKeyName(text) else {
                    throw FieldError(
                        "must be a name such as keys.example.com/audit: at most 200 bytes, no spaces and no plus sign"
                    )
                }
                return name
            }
        )
        let isPublic = reader.value(.flag(.auditPublic, default: "false"))
        let days = Duration.seconds(86_400) ... .seconds(100_000 * 86_400)
        let keep = reader.value(.duration(.auditKeep, default: "365d", in: days))
        let witnesses = reader.value(Setting<[Witness]>(.auditWitnesses, default: "", parse: Self.witnesses))
        let alarms = Duration.seconds(1) ... .seconds(30 * 86_400)
        let alarm = reader.value(.duration(.auditWitnessAlarm, default: "10m", in: alarms))
        let authorityFile = reader.value(.path(.auditWitnessAuthorityFile))
        if let authorityFile, !FileManager.default.isReadableFile(atPath: authorityFile) {
            reader.refuse(.auditWitnessAuthorityFile, "audit.witnessAuthorityFile must be a file that can be read.")
        }
        guard let isPublic, let keep, let witnesses, let alarm else { return nil }
        return Audit(
            origin: origin,
            isPublic: isPublic,
            keep: keep,
            witnesses: witnesses,
            witnessAlarm: alarm,
            witnessAuthorityFile: authorityFile
        )
    }

    /// Witnesses: a list in the file, separated by commas in the environment.
    @Sendable private static func witnesses(_ text: String) throws(FieldError) -> [Witness] {
        var witnesses: [Witness] = []
        for part in text.split(separator: ",") {
            let witness = try Self.witness(part.split(separator: " "))
            guard !witnesses.contains(where: { $0.key.name == witness.key.name }) else {
                throw FieldError("must not name \(witness.key.name) twice")
            }
            witnesses.append(witness)
        }
        return witnesses
    }

    private static func witness(_ words: [Substring]) throws(FieldError) -> Witness {
        let place = "the entry \"\(words.joined(separator: " ").printable)\""
        guard words.count == 2, let key = try? VerifierKey(parsing: String(words[0])), key.type == .cosignature else {
            throw FieldError(
                "must be verifier keys as claviger witness prints them, each with a space and its address behind it; "
                    + "\(place) is none"
            )
        }
        guard let url = try? ServerURL(parsing: String(words[1])), url.isEncrypted || url.isLoopback else {
            throw FieldError(
                "must have addresses that begin with https://, or with http:// for this machine, without a user; "
                    + "that of \(place) is none"
            )
        }
        return Witness(key: key, url: url)
    }
}
