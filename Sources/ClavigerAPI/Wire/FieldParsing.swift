import ClavigerCore
import ClavigerService
import ClavigerVerifier

// Parsers of single fields, beyond those of the domain types themselves.

enum Field {
    static func label(_ text: String) throws(FieldError) -> Label {
        try Label(parsing: text)
    }

    static func externalID(_ text: String) throws(FieldError) -> Label {
        try Label(parsing: text, atMost: 255)
    }

    /// A text for people that may be empty.
    static func text(_ text: String) throws(FieldError) -> String {
        text.isEmpty ? "" : try Label(parsing: text, atMost: 500).text
    }

    static func name<T: RawRepresentable & CaseIterable>(
        of: T.Type
    ) -> (String) throws(FieldError) -> T where T.RawValue == String {
        { text throws(FieldError) in
            guard let value = T(rawValue: text) else {
                throw FieldError("must be one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return value
        }
    }

    static func timestamp(_ text: String) throws(FieldError) -> Timestamp {
        do throws(TimestampError) {
            return try Timestamp(parsing: text)
        } catch {
            throw FieldError("must be an RFC 3339 time such as 2027-01-31T12:00:00Z")
        }
    }

    static func lifetime(_ text: String) throws(FieldError) -> Duration {
        do throws(DurationTextError) {
            let duration = try DurationText.parse(text)
            guard duration > .zero else { throw DurationTextError.malformed }
            return duration
        } catch {
            throw FieldError("must be a duration such as 12h or 90d, at most 100000d")
        }
    }

    static func id<Owner>(of: Owner.Type) -> (String) throws(FieldError) -> Identifier<Owner> {
        { text throws(FieldError) in
            do throws(IdentifierError) {
                return try Identifier(parsing: text)
            } catch {
                throw FieldError("must be an id that begins with \(Owner.idPrefix)_")
            }
        }
    }

    static func lookupID(_ text: String) throws(FieldError) -> LookupID {
        guard let id = LookupID(text) else { throw FieldError("must be the 12 letters and digits of a lookup id") }
        return id
    }

    /// A token as a client sent it, whatever it is.
    static func token(_ text: String) throws(FieldError) -> PresentedToken {
        // Longer texts are refused; no token comes near it.
        guard (1...1024).contains(text.utf8.count) else { throw FieldError("must have 1 to 1024 characters") }
        return PresentedToken(text)
    }

    static func address(_ text: String) throws(FieldError) -> IPAddress {
        guard let address = IPAddress(parsing: text) else { throw FieldError("must be an IPv4 or IPv6 address") }
        return address
    }

    /// A text of bounded length without control characters, for filters.
    static func filter(_ text: String) throws(FieldError) -> String {
        try Label(parsing: text, atMost: 255).text
    }
}

extension ObjectReader {
    /// What a merge patch does to a field that can be removed.
    mutating func edit<T>(_ name: String, _ parse: (String) throws(FieldError) -> T) -> Edit<T> {
        guard self.has(name) else { return .keep }
        if self.isNull(name) {
            _ = self.value(name)
            return .remove
        }
        return self.optional(name, parse).map(Edit.set) ?? .keep
    }

    /// What a merge patch does to a field that must stay.
    mutating func editRequired<T>(_ name: String, _ parse: (String) throws(FieldError) -> T) -> Edit<T> {
        guard self.refuseNull(name) else { return .keep }
        return self.edit(name, parse)
    }

    /// What a merge patch does to a list; removing it empties it.
    mutating func editList<T>(
        _ name: String,
        atMost limit: Int,
        _ parse: (String) throws(FieldError) -> T
    ) -> Edit<[T]> {
        guard self.has(name) else { return .keep }
        if self.isNull(name) {
            _ = self.value(name)
            return .set([])
        }
        return self.list(name, atMost: limit, parse).map(Edit.set) ?? .keep
    }

    /// What a merge patch does to metadata.
    mutating func editMetadata() -> Edit<JSONObject> {
        guard self.has("metadata") else { return .keep }
        if self.isNull("metadata") {
            _ = self.value("metadata")
            return .remove
        }
        guard let patch = self.optionalObject("metadata") else { return .keep }
        // What is larger can only be refused; merging it first would keep the one writing thread busy.
        guard JSON.object(patch).serialized().count <= 8192 else {
            self.refuse("metadata", "must take at most 8,192 bytes as a patch, and 4,096 once merged")
            return .keep
        }
        return .set(patch)
    }

    /// The metadata of something new.
    mutating func metadata() -> Metadata {
        guard let object = self.optionalObject("metadata") else { return .empty }
        do throws(FieldError) {
            return try Metadata(object)
        } catch {
            self.refuse("metadata", error.message)
            return .empty
        }
    }

    /// Refuses null where a field cannot be removed; true if there is something to read.
    mutating func refuseNull(_ name: String) -> Bool {
        guard self.isNull(name) else { return true }
        _ = self.value(name)
        self.refuse(name, "cannot be removed")
        return false
    }
}
