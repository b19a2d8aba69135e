import ClavigerClient
import ClavigerCore
import ClavigerLog

/// What a server, or the folder of an export, says of its log: its name, its keys, and from where on it is at hand.
struct AuditKeyInfo {
    /// The file of an export that has it.
    static let fileName = "log.json"

    let origin: NoteLine
    let keys: [VerifierKey]
    let firstIndex: UInt64
    let json: JSON

    init(_ json: JSON) throws(CommandFailure) {
        let texts = [json["key"]?.string].compactMap { $0 } + (json["formerKeys"]?.array ?? []).compactMap(\.string)
        let keys = texts.compactMap { try? VerifierKey(parsing: $0) }
        guard let origin = json["origin"]?.string.flatMap({ NoteLine($0) }), !keys.isEmpty, keys.count == texts.count
        else { throw .refused("What is said of the log and its keys (in an export, \(Self.fileName)) cannot be read.") }
        self.origin = origin
        self.keys = keys
        self.firstIndex = UInt64(clamping: json["firstIndex"]?.integer ?? 0)
        self.json = json
    }

    static func fetch(_ client: ClavigerClient) async throws -> AuditKeyInfo {
        try AuditKeyInfo(try await client.send(.get, ["v1", "audit", "key"]).body)
    }

    static func read(_ folder: FolderLogReader) throws(CommandFailure) -> AuditKeyInfo? {
        guard let bytes = try folder.file(Self.fileName) else { return nil }
        guard let json = try? JSON.parse(bytes) else { throw .refused("\(Self.fileName) cannot be read.") }
        return try AuditKeyInfo(json)
    }
}
