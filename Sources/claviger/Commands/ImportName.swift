import ClavigerCore
import Crypto

/// The name under which an import continues, where none was given.
enum ImportName {
    /// For a file: its digest, and what else decides what becomes of its lines.
    ///
    /// Whoever corrects such a setting means all lines again, not only those that were never sent.
    static func ofFile(_ digest: String, createsConsumers: Bool, consumer: String?, kind: String?) -> String {
        guard createsConsumers || consumer != nil || kind != nil else { return digest }
        let settings: JSON = [
            "consumer": consumer.map { .string($0) }, "kind": kind.map { .string($0) },
            "creates": .bool(createsConsumers),
        ]
        return digest + "+" + Hexadecimal.text(SHA256.hash(data: settings.serialized()).prefix(8))
    }

    /// For standard input, which cannot be read twice: one for all parts of this run.
    static func ofStandardInput(_ random: any RandomSource) -> String {
        "stdin:" + Hexadecimal.text(random.bytes(16))
    }
}
