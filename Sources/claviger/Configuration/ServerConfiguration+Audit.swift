import ClavigerCore
import ClavigerHTTP
import ClavigerLog

extension ServerConfiguration {
    /// The audit log.
    struct Audit: Sendable, Hashable {
        /// What the log is named; nil for a name after the workspace.
        var origin: NoteKeyName?
        /// Whether anybody may read its tiles and checkpoints.
        var isPublic: Bool
        /// How long its leaves are at hand.
        var keep: Duration
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
        guard let isPublic, let keep else { return nil }
        return Audit(origin: origin, isPublic: isPublic, keep: keep)
    }
}
