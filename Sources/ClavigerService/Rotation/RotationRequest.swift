public import ClavigerCore

/// How a key is to get its next credential.
public struct RotationRequest: Sendable {
    /// How long the credential that is replaced can still be used.
    public var grace: RotationGrace
    /// Ends the grace of older credentials, where one is still in it.
    public var endsOlderGrace: Bool
    /// Why.
    public var reason: TransitionReason
    /// Ends the grace of older credentials by then; nil where they are left as they are.
    var olderGraceEndsBy: Timestamp?

    /// Makes a request.
    public init(grace: RotationGrace = .usual, endsOlderGrace: Bool = false, reason: TransitionReason = .superseded) {
        self.grace = grace
        self.endsOlderGrace = endsOlderGrace
        self.reason = reason
    }
}

/// A key with its credentials, as of a moment.
public struct RotationReading: Sendable {
    /// The key.
    public let key: APIKey
    /// Its credentials, the newest first.
    public let credentials: [Credential]
    /// The last use of the key with success, as far as it was known.
    public var lastUse: LastUse?
    /// As of when.
    public let readAt: Timestamp

    /// When a credential was used last, where the key's last use can only have been by it.
    func lastUsedAt(_ credential: Credential) -> Timestamp? {
        guard let time = self.lastUse?.time else { return nil }
        let possible = self.credentials.filter { other in
            other.createdAt <= time && other.retiredAt(at: self.readAt).map { time <= $0 } ?? true
        }
        return possible.count == 1 && possible.first?.id == credential.id ? time : nil
    }

    /// The fields of the key with those of its credentials, for answers and the audit log.
    public var publicFields: JSON {
        var fields = self.key.publicFields(at: self.readAt).object ?? JSONObject()
        fields["credentials"] = .array(
            self.credentials.map { $0.rotationFields(at: self.readAt, lastUsedAt: self.lastUsedAt($0)) }
        )
        return .object(fields)
    }
}

/// A key that was rotated, with the token of its new credential, which exists here and in the answer.
public struct IssuedRotation: Sendable {
    /// The key.
    public var reading: RotationReading
    /// The token of its new credential.
    public let token: KeyToken
}

extension Credential {
    /// The fields of a credential for answers about rotation.
    func rotationFields(at now: Timestamp, lastUsedAt: Timestamp? = nil) -> JSON {
        let state =
            switch self.state(at: now) {
            case .current: "current"
            case .retiring: "retiring"
            case .retired: "retired"
            }
        return [
            "id": .string(self.id.text),
            "lookupId": .string(self.lookupID.text),
            "state": .string(state),
            "createdAt": .string(self.createdAt.text),
            "replacedAt": self.replacedAt.map { .string($0.text) },
            "graceEndsAt": self.graceEndsAt(at: now).map { .string($0.text) },
            "quietFor": self.quietFor.map { .string(DurationText.text(for: $0)) },
            "retiredAt": self.retiredAt(at: now).map { .string($0.text) },
            "lastUsedAt": lastUsedAt.map { .string($0.text) },
        ]
    }
}
