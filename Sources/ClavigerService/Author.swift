import ClavigerCore

/// On whose behalf something is changed, as the audit log names them.
protocol Author: Sendable {
    /// The tenant whose things are changed.
    var workspaceID: Workspace.ID { get }
    /// The actor of the audit records.
    var actor: AuditRecord.Actor { get }
    /// The key that acts; nil for Claviger itself.
    var actingKeyID: APIKey.ID? { get }
    /// The request; empty where there is none.
    var requestID: String { get }
}

extension Caller: Author {
    var actingKeyID: APIKey.ID? { self.keyID }
}

/// Whoever holds the token of a key and has shown it, and may do two things: end that key, and have its token replaced.
///
/// No ``Caller``: the key may be any key, and none of its scopes means anything here.
struct Holder: Author {
    let workspaceID: Workspace.ID
    let keyID: APIKey.ID
    let consumerID: Consumer.ID
    let network: IPAddress?
    let requestID: String

    init(of key: KeySnapshot, network: IPAddress?, requestID: String) {
        self.workspaceID = key.workspaceID
        self.keyID = key.keyID
        self.consumerID = key.consumer.id
        self.network = network
        self.requestID = requestID
    }

    var actor: AuditRecord.Actor {
        .key(self.keyID, consumer: self.consumerID, network: self.network?.description)
    }

    var actingKeyID: APIKey.ID? { self.keyID }
}

/// Claviger itself, on the word of another service that has proved who it is, or because the time has come.
struct OwnAccord: Author {
    let workspaceID: Workspace.ID
    let requestID: String

    init(workspaceID: Workspace.ID, requestID: String = "") {
        self.workspaceID = workspaceID
        self.requestID = requestID
    }

    var actor: AuditRecord.Actor { .system }
    var actingKeyID: APIKey.ID? { nil }
}
