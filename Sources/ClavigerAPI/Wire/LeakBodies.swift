import ClavigerCore
import ClavigerService

extension LeakedToken {
    /// Reads the body of `POST /v1/leaks`.
    static func report(reading json: JSON) throws(Problem) -> [LeakedToken] {
        var body = try ObjectReader(body: json)
        let source = body.optional("source", Self.source)
        if body.value("tokens") == nil { body.refuse("tokens", "is required") }
        if body.value("tokens")?.array?.isEmpty == true { body.refuse("tokens", "must have at least one token") }
        let leaks = body.objects("tokens", atMost: Authority.mostLeakedTokens) { reader -> LeakedToken? in
            let token = reader.required("token", Field.token)
            let own = reader.optional("source", Self.source)
            let place = reader.optional("url", Self.place)
            return token.map {
                LeakedToken($0, foundBy: own ?? source ?? "", at: place ?? "")
            }
        }
        try body.finish()
        return leaks ?? []
    }

    static func source(_ text: String) throws(FieldError) -> String {
        guard text.unicodeScalars.count <= 128 else { throw FieldError("must have at most 128 characters") }
        return text
    }

    private static func place(_ text: String) throws(FieldError) -> String {
        guard text.unicodeScalars.count <= 2048 else { throw FieldError("must have at most 2048 characters") }
        return text
    }
}

extension LeakAnswer {
    var wire: JSON {
        ["outcome": .string(self.outcome.rawValue), "keyId": self.keyID.map { .string($0.text) }]
    }
}
