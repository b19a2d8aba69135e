import ClavigerCore
import ClavigerService

extension Consumer.Attributes {
    /// Reads the body of `POST /v1/consumers`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let externalID = body.required("externalId", Field.externalID)
        let kind = body.required("kind", Field.name(of: Consumer.Kind.self))
        let name = body.optional("name", Field.label)
        let metadata = body.metadata()
        try body.finish()
        guard let externalID, let kind else { throw .validation(body.violations) }
        self.init(externalID: externalID, kind: kind, name: name, metadata: metadata)
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
        self.metadata = body.editMetadata()
        try body.finish()
    }
}
