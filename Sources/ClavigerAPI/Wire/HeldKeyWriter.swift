import ClavigerCore
import ClavigerService

extension HeldKey {
    /// What the holder of a key is told of it.
    ///
    /// Not what administrators note for themselves: metadata, notes, and who made it.
    var wire: JSON {
        var fields = self.reading.holderFields(scopes: self.holder.scopes.scopes).object ?? JSONObject()
        let now = self.reading.readAt
        let credits = self.holder.credits
        fields["api"] = .string(self.api.name.text)
        fields["allowances"] = [
            "limits": self.holder.limits?.publicFields(at: now) ?? .array([]),
            "credits": credits.map {
                ["remaining": .integer($0.remaining), "refillsAt": $0.refillsAt.map { .string($0.text) }]
            },
        ]
        fields["credentialId"] = .string(self.credential.id.text)
        fields["rotation"] = [
            "mayRotate": .bool(
                self.rules.holderCanRotate && self.reading.key.kind == .secret && self.credential.state == .current
            ),
            "mustRotateBy": self.rules.mustRotateBy.map { .string($0.text) },
            "shortestGrace": .string(DurationText.text(for: RotationRules.shortestHolderGrace)),
            "maximumGrace": .string(
                DurationText.text(for: self.rules.longestHolderGrace(rotateBy: self.reading.key.rotateBy, at: now))
            ),
        ]
        return .object(fields)
    }
}

extension RotationReading {
    /// The fields of a key for its holder.
    ///
    /// - Parameter scopes: its own and those of its roles.
    func holderFields(scopes: [Scope]) -> JSON {
        var fields = self.publicFields.object ?? JSONObject()
        for name in [
            "metadata", "note", "createdBy", "stateChangedBy", "reason", "stateChangedAt", "limits", "credits",
        ] {
            fields[name] = nil
        }
        fields["scopes"] = .array(scopes.map { .string($0.text) })
        return .object(fields)
    }
}
