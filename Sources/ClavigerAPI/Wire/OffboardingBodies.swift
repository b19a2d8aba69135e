import ClavigerCore
import ClavigerService

/// The body of `POST /v1/consumers/{id}/offboard`.
struct OffboardBody {
    let previewID: BulkPreview.ID
    let action: OffboardAction
    let note: String?

    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let previewID = body.required("previewId", Field.id(of: BulkPreview.self))
        let name = body.required("action", Field.name(of: OffboardAction.Name.self))
        let to = body.optional("to", Self.successor)
        let note = body.optional("note", Field.text).flatMap(\.nonEmpty)
        let action: OffboardAction? =
            switch name {
            case .suspend?: .suspend
            case .revoke?: .revoke
            case .transfer?: to.map(OffboardAction.transfer)
            case nil: nil
            }
        if name == .transfer {
            if body.value("to") == nil { body.refuse("to", "is required with the action transfer") }
            if body.value("note") != nil { body.refuse("note", "must not be given with the action transfer") }
        } else if body.value("to") != nil {
            body.refuse("to", "is only for the action transfer")
        }
        try body.finish()
        guard let previewID, let action else { throw .validation(body.violations) }
        self.previewID = previewID
        self.action = action
        self.note = note
    }

    private static func successor(_ text: String) throws(FieldError) -> OffboardSuccessor {
        if let id = try? Consumer.ID(parsing: text) { return .id(id) }
        return .externalID(try Field.externalID(text))
    }
}

extension Dependents {
    /// The fields for answers.
    var publicFields: JSON {
        let keys = self.keys.map { key in
            var fields = key.publicFields(at: self.preview.createdAt).object ?? JSONObject()
            fields["lastUsed"] = self.lastUses[key.id]?.publicFields
            return JSON.object(fields)
        }
        let plans = self.plans.map { plan -> JSON in ["id": .string(plan.id.text), "name": .string(plan.name.text)] }
        let reservations = self.reservations.map { hold -> JSON in
            [
                "id": .string(hold.reservation.text), "amount": .integer(hold.amount),
                "expiresAt": .string(hold.leaseEndsAt.text),
            ]
        }
        let users = self.users?.map { user, use -> JSON in
            [
                "network": user.network.map(JSON.string), "userAgent": user.userAgent.map(JSON.string),
                "count": .integer(Int64(use.count)), "lastUsedAt": .string(use.lastUsedAt.text),
            ]
        }
        return [
            "previewId": .string(self.preview.id.text),
            "consumer": self.consumer.publicFields,
            "count": .integer(Int64(self.preview.count)),
            "keys": .array(keys),
            "plans": .array(plans),
            "reservations": .array(reservations),
            "users": users.map(JSON.array),
            "usersSince": users.map { _ in .string(self.usersSince.text) },
            "expiresAt": .string(self.preview.expiresAt.text),
        ]
    }
}
