public import ClavigerCore

/// Who still uses the credential of a key that was replaced last.
public struct RotationReport: Sendable {
    /// The most users that an answer has, those that used it last.
    private static let mostUsers = 100
    /// The most hours, the latest ones: two weeks.
    private static let mostHours = 336

    /// The key.
    public let reading: RotationReading
    /// The rules of its rotation.
    public let rules: RotationRules
    /// The credential that was replaced last; nil if none ever was.
    public let replaced: Credential?
    /// Its use since it was replaced.
    public let use: CredentialUse

    /// The fields for answers.
    public var publicFields: JSON {
        let now = self.reading.readAt
        let current = self.reading.credentials.first { $0.state == .current }
        let isInGrace = self.replaced?.graceEndsAt(at: now) != nil
        return [
            "keyId": .string(self.reading.key.id.text),
            "current": current.map { $0.rotationFields(at: now) },
            "retiring": isInGrace ? self.replacedFields : .null,
            "retired": isInGrace ? .null : self.replacedFields,
            "mustRotateBy": self.rules.mustRotateBy.map { .string($0.text) },
            "rules": self.rules.publicFields,
        ]
    }

    private var replacedFields: JSON {
        guard let replaced else { return .null }
        let now = self.reading.readAt
        let users = self.use.users.sorted {
            ($1.value.lastUsedAt, $1.value.count) < ($0.value.lastUsedAt, $0.value.count)
        }
        let hours = self.use.hours.sorted { $0.key < $1.key }
        return [
            "credentialId": .string(replaced.id.text),
            "lookupId": .string(replaced.lookupID.text),
            "replacedAt": replaced.replacedAt.map { .string($0.text) },
            "graceEndsAt": replaced.graceEndsAt(at: now).map { .string($0.text) },
            "quietFor": replaced.quietFor.map { .string(DurationText.text(for: $0)) },
            "retiredAt": replaced.retiredAt(at: now).map { .string($0.text) },
            "lastUsedAt": self.use.lastUsedAt.map { .string($0.text) },
            "users": .array(
                users.prefix(Self.mostUsers).map { user, count in
                    [
                        "network": user.network.map { .string($0.description) },
                        "userAgent": user.userAgent.map(JSON.string),
                        "count": .integer(count.count),
                        "lastUsedAt": .string(count.lastUsedAt.text),
                    ]
                }
            ),
            "hours": .array(
                hours.suffix(Self.mostHours).map { ["start": .string($0.key.text), "count": .integer($0.value)] }
            ),
        ]
    }
}

extension RotationRules {
    /// The fields for answers.
    var publicFields: JSON {
        [
            "maximumGrace": .string(DurationText.text(for: self.maximumGrace)),
            "mostLiveCredentials": .integer(Int64(self.mostLiveCredentials)),
            "holderMayRotate": .bool(self.holderMayRotate),
            "every": self.every.map { .string(DurationText.text(for: $0)) },
        ]
    }
}

extension Authority {
    /// Who still uses the credential of a key that was replaced last, as far as this moment.
    public func rotation(of id: APIKey.ID, by caller: Caller) async throws -> RotationReport {
        let now = self.time.now()
        let (reading, rules) = try await self.read(AuditAction(.key, "read"), id.text, by: caller) { tx, caller in
            let (key, api) = try tx.existingKey(id, for: .read, caller)
            // Networks and user agents are the access log's.
            try caller.require(.readUsage)
            let credentials = try tx.credentials(of: key.id, in: caller.workspaceID)
            return (
                RotationReading(key: key, credentials: credentials, readAt: now),
                try tx.rotationRules(for: api, key.environment, key)
            )
        }
        var use = CredentialUse()
        let replaced = reading.credentials.first { $0.replacedAt != nil }
        if let replaced, let since = replaced.replacedAt {
            try await self.refreshUsage()
            use = try await self.usage.uses(of: replaced.id, of: id, since: since, in: caller.workspaceID)
        }
        return RotationReport(reading: reading, rules: rules, replaced: replaced, use: use)
    }
}
