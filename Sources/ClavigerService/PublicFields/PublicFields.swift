public import ClavigerCore

// What may be shown of each thing, to callers and in the audit log: never a plaintext or a digest.

extension API {
    /// The fields of an api for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "name": .string(self.name.text),
            "prefix": .string(self.prefix.text),
            "description": self.attributes.description.map(JSON.string),
            "environments": .array(self.attributes.environments.map(\.json)),
            "scopes": .array(self.attributes.catalogue.map(\.json)),
            "defaults": ["lifetime": self.attributes.defaults.lifetime.map { .string(DurationText.text(for: $0)) }],
            "endpointRules": .array(self.attributes.endpointRules.rules.map(\.json)),
            "whenNoRuleMatches": .string(self.attributes.endpointRules.whenNoRuleMatches.rawValue),
            "limits": self.attributes.limits.json,
            "leakPolicy": .string(self.attributes.leakPolicy.rawValue),
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension Consumer {
    /// The fields of a consumer for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "externalId": .string(self.attributes.externalID.text),
            "kind": .string(self.attributes.kind.rawValue),
            "name": self.attributes.name.map { .string($0.text) },
            "limits": self.attributes.allowance.limits.json,
            "credits": self.attributes.allowance.credits?.json,
            "planId": self.attributes.allowance.planID.map { .string($0.text) },
            "metadata": .object(self.attributes.metadata.object),
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension Role {
    /// The fields of a role for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "name": .string(self.name.text),
            "description": self.attributes.description.map(JSON.string),
            "scopes": .array(self.attributes.scopes.map { .string($0.text) }),
            "builtIn": .bool(self.isBuiltIn),
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension Plan {
    /// The fields of a plan for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "name": .string(self.name.text),
            "description": self.attributes.description.map(JSON.string),
            "state": .string(self.state.rawValue),
            "limits": self.attributes.limits.json,
            "credits": self.attributes.credits?.json,
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension LimitOverride {
    /// The fields of an override for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "namespace": .string(self.namespace.text),
            "identifier": .string(self.identifier.text),
            "limit": self.limit.json,
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension Reservation {
    /// The fields of a reservation for answers.
    public var publicFields: JSON {
        let (state, used): (String, Int64?) =
            switch self.state {
            case .open: ("open", nil)
            case .committed(let used): ("committed", used)
            case .released: ("released", nil)
            case .expired: ("expired", nil)
            }
        return [
            "id": .string(self.id.text),
            "amount": .integer(self.amount),
            "state": .string(state),
            "used": used.map { .integer($0) },
            "expiresAt": .string(self.leaseEndsAt.text),
        ]
    }
}

extension LimitReading {
    /// The decision for answers.
    public var publicFields: JSON {
        ["allowed": .bool(self.decision.isAllowed), "limits": self.decision.publicFields(at: self.at)]
    }
}

extension LimitDecision {
    /// What each limit says, for answers.
    public func publicFields(at now: Timestamp) -> JSON {
        .array(
            self.outcomes.map { outcome in
                [
                    "name": .string(outcome.name.text), "limit": .integer(Int64(outcome.limit)),
                    "remaining": .integer(Int64(outcome.remaining)),
                    "resetAt": .string((now + outcome.resetsAfter).text),
                    "exceeded": outcome.isExceeded ? true : nil,
                ]
            }
        )
    }
}

extension APIKey {
    /// The fields of a key for answers and the audit log, its state as of `now`.
    public func publicFields(at now: Timestamp) -> JSON {
        let transition = self.state.transition
        return [
            "id": .string(self.id.text),
            "apiId": .string(self.apiID.text),
            "environment": .string(self.environment.text),
            "consumerId": .string(self.consumerID.text),
            "kind": .string(self.kind.rawValue),
            "name": .string(self.attributes.name.text),
            "start": .string(self.start),
            "scopes": .array(self.attributes.scopes.map { .string($0.text) }),
            "roles": .array(self.attributes.roles.map { .string($0.text) }),
            "state": .string(self.state(at: now).rawValue),
            "reason": transition.map { .string($0.reason.rawValue) },
            "note": transition?.note.map(JSON.string),
            "stateChangedAt": transition.map { .string($0.at.text) },
            "stateChangedBy": transition?.by.map { .string($0.text) },
            "notBefore": self.attributes.notBefore.map { .string($0.text) },
            "expiresAt": self.attributes.expiresAt.map { .string($0.text) },
            "effectiveExpiresAt": self.endsAt == self.attributes.expiresAt ? nil : self.endsAt.map { .string($0.text) },
            "rotateBy": self.rotateBy.map { .string($0.text) },
            "restrictions": self.attributes.restrictions.isEmpty ? nil : self.attributes.restrictions.json,
            "limits": self.attributes.allowance.limits.json,
            "credits": self.attributes.allowance.credits?.json,
            "planId": self.attributes.allowance.planID.map { .string($0.text) },
            "metadata": .object(self.attributes.metadata.object),
            "createdAt": .string(self.createdAt.text),
            "createdBy": self.createdBy.map { .string($0.text) },
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension KeyReading {
    /// The fields of a key for answers.
    public var publicFields: JSON { self.value.publicFields(at: self.readAt) }
}

extension Credential {
    /// The fields of a credential for answers, its state as of `now`.
    ///
    /// Never its digest.
    public func publicFields(at now: Timestamp) -> JSON {
        let (state, retiresAt): (String, Timestamp?) =
            switch self.state(at: now) {
            case .current: ("current", nil)
            case .retiring(let endsAt): ("retiring", endsAt)
            case .retired: ("retired", nil)
            }
        return [
            "id": .string(self.id.text),
            "lookupId": .string(self.lookupID.text),
            "state": .string(state),
            "retiresAt": retiresAt.map { .string($0.text) },
            "pepperVersion": self.digest.map { .integer(Int64($0.pepperVersion)) },
            "createdAt": .string(self.createdAt.text),
        ]
    }
}

extension KeyringEntry {
    /// The fields of a keyring entry for answers.
    ///
    /// Never its salt or check value.
    public var publicFields: JSON {
        [
            "purpose": .string(self.purpose.rawValue),
            "version": .integer(Int64(self.version)),
            "state": .string(self.state.rawValue),
            "createdAt": .string(self.createdAt.text),
        ]
    }
}

extension WebhookEndpoint {
    /// The fields of an endpoint for answers and the audit log.
    ///
    /// Never its secrets.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "url": .string(self.attributes.url.text),
            "description": self.attributes.description.map(JSON.string),
            "types": .array(self.attributes.types.map { .string($0.rawValue) }),
            "state": .string(self.attributes.state.rawValue),
            "failingSince": self.failingSince.map { .string($0.text) },
            "createdAt": .string(self.createdAt.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension Delivery {
    /// The fields of a delivery for answers.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "webhookId": .string(self.endpointID.text),
            "event": [
                "id": .string(self.eventID.text), "type": .string(self.type.rawValue),
                "timestamp": .string(self.eventAt.text), "subject": .string(self.subject),
            ],
            "state": .string(self.state.rawValue),
            "attempts": .integer(Int64(self.attempts)),
            "nextAttemptAt": self.state == .pending && !self.isBlocked ? .string(self.nextAt.text) : nil,
            "lastAttemptAt": self.last.map { .string($0.at.text) },
            "lastStatus": self.last?.status.map { .integer(Int64($0)) },
            "lastFailure": self.last?.failure.map { .string($0.rawValue) },
            "createdAt": .string(self.createdAt.text),
            "finishedAt": self.finishedAt.map { .string($0.text) },
        ]
    }
}
