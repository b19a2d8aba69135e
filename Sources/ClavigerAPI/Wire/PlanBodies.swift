import ClavigerCore
import ClavigerService

extension PlanDraft {
    /// Reads the body of `POST /v1/plans`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let name = body.required("name", ResourceName.init(parsing:))
        let attributes = Plan.Attributes(
            description: body.optional("description", Field.text).flatMap(\.nonEmpty),
            limits: RateLimits.read("limits", from: &body) ?? .none,
            credits: body.nested("credits") { CreditPolicy(reading: &$0) }
        )
        try body.finish()
        guard let name else { throw .validation(body.violations) }
        self.init(name: name, attributes: attributes)
    }
}

extension PlanPatch {
    /// Reads the body of `PATCH /v1/plans/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        self.description = body.edit("description", Field.text)
        if case .set("") = self.description { self.description = .remove }
        self.limits = body.editLimits("limits")
        self.credits = body.editWhole("credits") { CreditPolicy(reading: &$0) }
        try body.finish()
    }
}
