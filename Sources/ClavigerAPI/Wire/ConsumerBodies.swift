import ClavigerCore
import ClavigerService

/// The body of `POST /v1/consumers`.
struct ConsumerBody {
    let attributes: Consumer.Attributes
    let plan: Reference<Plan>?

    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let externalID = body.required("externalId", Field.externalID)
        let kind = body.required("kind", Field.name(of: Consumer.Kind.self))
        let name = body.optional("name", Field.label)
        let (allowance, plan) = body.allowance()
        let metadata = body.metadata()
        try body.finish()
        guard let externalID, let kind else { throw .validation(body.violations) }
        self.attributes = Consumer.Attributes(
            externalID: externalID,
            kind: kind,
            name: name,
            allowance: allowance,
            metadata: metadata
        )
        self.plan = plan
    }
}

extension ConsumerPatch {
    /// Reads the body of `PATCH /v1/consumers/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        self.externalID = body.editRequired("externalId", Field.externalID)
        self.kind = body.editRequired("kind", Field.name(of: Consumer.Kind.self))
        self.name = body.edit("name", Field.label)
        (self.allowance, self.plan) = body.editAllowance()
        self.metadata = body.editMetadata()
        try body.finish()
    }
}
