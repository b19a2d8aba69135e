import ClavigerCore

/// What an agent has still to do, for whoever comes after a crash.
///
/// Nothing in it is a secret: without the token that was replaced, nobody gets the answer.
struct AgentJournal: Hashable {
    /// A rotation that was begun.
    struct Request: Hashable {
        /// Sent again, it gets the same answer.
        let idempotencyKey: String
        /// The public part of the token that is to be replaced.
        let lookupID: String
        /// The body of the request; another one would be another request.
        let body: JSON
    }

    /// The last rotation; nil where nothing came of it.
    var request: Request?
    /// Whether the programs that use the token have not been told of the one that was in the file when the request was
    /// made.
    var isUntold: Bool

    /// That the programs have not been told, and nothing else.
    static let untold = AgentJournal(request: nil, isUntold: true)

    init(request: Request?, isUntold: Bool = false) {
        self.request = request
        self.isUntold = isUntold
    }

    /// Reads ``bytes``; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes) else { return nil }
        var request: Request?
        if let key = json["idempotencyKey"]?.string, let lookupID = json["lookupId"]?.string,
            let body = json["request"]
        {
            request = Request(idempotencyKey: key, lookupID: lookupID, body: body)
        }
        let isUntold = json["untold"] == true
        guard request != nil || isUntold else { return nil }
        self.init(request: request, isUntold: isUntold)
    }

    var bytes: [UInt8] {
        let json: JSON = [
            "idempotencyKey": self.request.map { .string($0.idempotencyKey) },
            "lookupId": self.request.map { .string($0.lookupID) },
            "request": self.request.map(\.body),
            "untold": self.isUntold ? true : nil,
        ]
        return json.serialized()
    }
}
