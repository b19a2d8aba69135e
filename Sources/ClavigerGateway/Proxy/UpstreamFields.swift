import HTTPTypes

/// Which of the client's fields the upstream gets, and which of the upstream's the client gets.
enum UpstreamFields {
    /// Fields by which a client could make the upstream see another method or path than was decided about.
    private static let overrides: Set<String> = [
        "x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url",
        "x-original-uri",
    ]
    private static let expect = HTTPField.Name.known("Expect")
    private static let te = HTTPField.Name.known("TE")

    /// The fields of a request for the upstream; `Host` and the length are not among them.
    ///
    /// Names are compared with `_` as `-`: many servers make no difference, and a client must not be able to send
    /// `X_Claviger_Key_Id`.
    static func request(
        _ fields: HTTPFields,
        identity: HTTPFields,
        forwarding: ForwardingFields
    ) -> HTTPFields {
        let hopByHop = HopByHopFields(of: fields)
        var result = HTTPFields()
        result.reserveCapacity(fields.count + 12)
        for field in fields where !hopByHop.contains(field.name) && !Self.isOurs(field.name) {
            result.append(field)
        }
        result.append(contentsOf: forwarding.fields(replacing: fields))
        result[ForwardingFields.via] = ForwardingFields.via(fields)
        if HopByHopFields.acceptsTrailers(fields) { result[Self.te] = "trailers" }
        result.append(contentsOf: identity)
        return result
    }

    /// The fields of an answer for the client.
    static func response(_ fields: HTTPFields, client: HTTPFields) -> HTTPFields {
        let hopByHop = HopByHopFields(of: fields)
        var result = HTTPFields()
        result.reserveCapacity(fields.count + client.count + 1)
        for field in fields where !hopByHop.contains(field.name) {
            let name = Self.comparable(field.name)
            // What the decision says of limits stands above what the upstream says.
            guard !name.hasPrefix(IdentityFields.prefix), client[field.name] == nil else { continue }
            result.append(field)
        }
        result[ForwardingFields.via] = ForwardingFields.via(fields)
        result.append(contentsOf: client)
        return result
    }

    /// Whether a client's field is never passed on as it is.
    private static func isOurs(_ name: HTTPField.Name) -> Bool {
        let text = Self.comparable(name)
        return text.hasPrefix(IdentityFields.prefix) || CredentialFields.all.contains { $0.canonicalName == text }
            || ForwardingFields.contains(text) || Self.overrides.contains(text) || text == "host"
            || text == Self.expect.canonicalName || name == .contentLength
            // Other spellings of the fields that say how long a body is.
            || text != name.canonicalName && (text == "content-length" || text == "transfer-encoding")
    }

    private static func comparable(_ name: HTTPField.Name) -> String {
        let text = name.canonicalName
        return text.utf8.contains(UInt8(ascii: "_")) ? text.replacing("_", with: "-") : text
    }
}
