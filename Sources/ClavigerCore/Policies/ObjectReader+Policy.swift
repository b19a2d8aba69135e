// What the parts of a policy have in common when they are read.

extension ObjectReader {
    /// A duration of at least a second.
    mutating func duration(_ name: String) -> Duration? {
        self.optional(name) { text throws(FieldError) in
            guard let duration = try? DurationText.parse(text), duration >= .seconds(1) else {
                throw FieldError("must be a duration such as 12h or 90d, from 1s to 100000d")
            }
            return duration
        }
    }

    /// A duration that may be nothing: `0s`.
    mutating func durationOrNone(_ name: String) -> Duration? {
        self.optional(name) { text throws(FieldError) in
            guard let duration = try? DurationText.parse(text) else {
                throw FieldError("must be a duration such as 0s, 12h or 90d, at most 100000d")
            }
            return duration
        }
    }

    /// A whole number in a range.
    mutating func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = self.value(name) else { return nil }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            self.refuse(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A truth value.
    mutating func flag(_ name: String) -> Bool? {
        guard let value = self.value(name) else { return nil }
        if value.bool == nil { self.refuse(name, "must be true or false") }
        return value.bool
    }

    /// A list of texts, each of them once.
    mutating func distinct<T: Hashable>(
        _ name: String,
        atMost limit: Int,
        _ parse: (String) throws(FieldError) -> T
    ) -> [T] {
        var seen: Set<T> = []
        let values = self.list(name, atMost: limit) { text throws(FieldError) in
            let value = try parse(text)
            guard seen.insert(value).inserted else { throw FieldError("must be named only once") }
            return value
        }
        return values ?? []
    }

    /// One of the names of a type.
    mutating func choice<T: RawRepresentable & CaseIterable>(_ name: String, _: T.Type = T.self) -> T?
    where T.RawValue == String {
        self.optional(name) { text throws(FieldError) in try Self.parseChoice(text) }
    }

    /// Reads one of the names of a type.
    static func parseChoice<T: RawRepresentable & CaseIterable>(_ text: String) throws(FieldError) -> T
    where T.RawValue == String {
        guard let value = T(rawValue: text) else {
            throw FieldError("must be one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }
}

extension JSON {
    /// A duration as text.
    static func duration(_ duration: Duration) -> JSON { .string(DurationText.text(for: duration)) }

    /// Texts as a list; nil for none.
    static func texts(_ texts: [String]) -> JSON? { texts.isEmpty ? nil : .array(texts.map(JSON.string)) }
}
