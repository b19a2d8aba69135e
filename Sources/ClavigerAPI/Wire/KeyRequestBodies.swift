import ClavigerCore
import ClavigerService

extension KeyRequestDraft {
    static let mostDataClasses = 32

    /// Reads the body of `POST /v1/key-requests`: a key as in `POST /v1/keys`, or `keyId` and `change`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let keyID = body.optional("keyId", Field.id(of: APIKey.self))
        let isChange = body.value("keyId") != nil || body.value("change") != nil
        var subject: Subject?
        var life: Duration?
        if isChange {
            if body.value("keyId") == nil { body.refuse("keyId", "is required with change") }
            if body.value("change") == nil { body.refuse("change", "is required with keyId") }
            let patch = body.nested("change") { KeyPatch(&$0) }
            if let keyID, let patch { subject = .change(keyID, patch) }
        } else {
            subject = KeyDraft.read(&body, pointer: "").map(Subject.key)
            life = body.optional("wantedLife", Field.lifetime)
            if life != nil, body.value("expiresAt") != nil {
                body.refuse("wantedLife", "must not be given together with expiresAt")
            }
        }
        let purpose = body.required("purpose", Field.sentence)
        let justification = body.required("justification", Field.sentence)
        let system = body.optional("system", Field.label)?.text
        let classes = body.list("dataClasses", atMost: Self.mostDataClasses, Field.label) ?? []
        let ticket = body.optional("ticket", Field.externalID)?.text
        try body.finish()
        guard let subject, let purpose, let justification else { throw .validation(body.violations) }
        self.init(
            subject: subject,
            wantedLife: life,
            about: KeyRequest.About(
                purpose: purpose,
                system: system,
                dataClasses: classes.unique().map(\.text),
                justification: justification,
                ticket: ticket
            )
        )
    }
}

extension KeyRequestPatch {
    private static let keyFields = [
        "name", "scopes", "roles", "notBefore", "expiresAt", "restrictions", "limits", "credits", "planId", "metadata",
    ]

    /// Reads the body of `PATCH /v1/key-requests/{id}`.
    init(reading json: JSON) throws(Problem) {
        self.init()
        var body = try ObjectReader(body: json)
        if Self.keyFields.contains(where: { body.has($0) }) { self.key = KeyPatch(&body) }
        if body.refuseNull("change") { self.change = body.nested("change") { KeyPatch(&$0) } }
        self.wantedLife = body.edit("wantedLife", Field.lifetime)
        if case .set = self.wantedLife, body.value("expiresAt") != nil {
            body.refuse("wantedLife", "must not be given together with expiresAt")
        }
        self.purpose = body.editRequired("purpose", Field.sentence)
        self.justification = body.editRequired("justification", Field.sentence)
        self.system = body.edit("system") { text throws(FieldError) in try Field.label(text).text }
        self.dataClasses = body.editList("dataClasses", atMost: KeyRequestDraft.mostDataClasses) {
            text throws(FieldError) in try Field.label(text).text
        }
        self.ticket = body.edit("ticket") { text throws(FieldError) in try Field.externalID(text).text }
        try body.finish()
    }
}

extension BreakGlass {
    /// Reads `{"reason", "until"}`.
    init?(reading body: inout ObjectReader) {
        let reason = body.required("reason", Field.sentence)
        let until = body.required("until", Field.timestamp)
        guard let reason, let until else { return nil }
        self.init(reason: reason, until: until)
    }

    /// Reads a body that has nothing else.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let glass = Self(reading: &body)
        try body.finish()
        guard let glass else { throw .validation(body.violations) }
        self = glass
    }
}

/// What is said with a decision.
struct DecisionBody {
    let version: Int
    let comment: String

    /// Reads `{"version", "comment"?}`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        var version = 0
        if let number = body.value("version") {
            if let integer = number.integer, integer > 0, integer <= Int64(Int32.max) {
                version = Int(integer)
            } else {
                body.refuse("version", "must be a whole number from 1 on")
            }
        } else {
            body.refuse("version", "is required: the version of the request that was looked at")
        }
        self.comment = body.optional("comment", Field.text) ?? ""
        try body.finish()
        self.version = version
    }

    /// Reads `{"comment"?}`, or `{"comment"}`.
    static func comment(reading json: JSON, isRequired: Bool) throws(Problem) -> String {
        var body = try ObjectReader(body: json)
        let comment =
            isRequired ? body.required("comment", Field.sentence) : body.optional("comment", Field.text)
        try body.finish()
        return comment ?? ""
    }

    /// Reads `{"decision": "justified" | "unjustified", "comment"}`.
    static func review(reading json: JSON) throws(Problem) -> (isJustified: Bool, comment: String) {
        var body = try ObjectReader(body: json)
        let isJustified = body.required("decision") { text throws(FieldError) in
            switch text {
            case "justified": true
            case "unjustified": false
            default: throw FieldError("must be one of justified, unjustified")
            }
        }
        let comment = body.required("comment", Field.sentence)
        try body.finish()
        guard let isJustified, let comment else { throw .validation(body.violations) }
        return (isJustified, comment)
    }
}

extension Field {
    /// A text for people that says something.
    static func sentence(_ text: String) throws(FieldError) -> String {
        try Label(parsing: text, atMost: 500).text
    }
}

extension CollectedKey {
    /// The key with its token and the request: an answer that a plaintext is in.
    var wire: JSON {
        var fields = self.issued.wire.object ?? JSONObject()
        fields["request"] = self.request.publicFields
        return .object(fields)
    }
}
