/// A member that the metadata of keys has to have.
public struct MetadataRule: Hashable, Sendable {
    /// The largest number of rules, and of values that one allows.
    static let most = 64

    /// The name of the member.
    public var name: String
    /// The values that it may have; any if there are none.
    public var values: [String]
    /// The shape that its value has to have.
    public var pattern: TextPattern?

    /// Makes a rule.
    public init(name: String, values: [String] = [], pattern: TextPattern? = nil) {
        self.name = name
        self.values = values
        self.pattern = pattern
    }
}

extension MetadataRule {
    /// Reads `{"name", "values"?, "pattern"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let name = reader.required("name") { text throws(FieldError) in try Label(parsing: text).text }
        let pattern = reader.optional("pattern", TextPattern.init(parsing:))
        let values = reader.distinct("values", atMost: Self.most) { text throws(FieldError) in
            let value = try Label(parsing: text, atMost: 256).text
            if let pattern, !pattern.matches(value) { throw FieldError("contradicts pattern, which it does not fit") }
            return value
        }
        if reader.value("values")?.array?.isEmpty == true {
            reader.refuse("values", "must have at least one value; leave it out to allow all")
        }
        guard let name, reader.violations.count == before else { return nil }
        self.init(name: name, values: values, pattern: pattern)
    }

    /// The form that is read.
    var json: JSON {
        [
            "name": .string(self.name), "values": JSON.texts(self.values),
            "pattern": self.pattern.map { .string($0.text) },
        ]
    }

    /// Holds metadata to the rule.
    func check(_ metadata: JSONObject, _ refuse: PolicyRefusal) {
        let pointer = Violation.pointer("/metadata", self.name)
        let text: String
        switch metadata[self.name] {
        case nil, .null: return refuse(pointer, "metadata.required", "is required")
        case .string(let value): text = value
        case .bool(let value): text = value ? "true" : "false"
        case .integer(let value): text = String(value)
        case .number, .array, .object:
            guard !self.values.isEmpty || self.pattern != nil else { return }
            return refuse(pointer, "metadata.values", "must be a string")
        }
        if text.isEmpty { refuse(pointer, "metadata.required", "must not be empty") }
        if !self.values.isEmpty, !self.values.contains(where: { $0.utf8.elementsEqual(text.utf8) }) {
            refuse(pointer, "metadata.values", "must be one of \(self.values.joined(separator: ", "))")
        }
        if let pattern, !pattern.matches(text) {
            refuse(pointer, "metadata.pattern", "must fit the pattern \(pattern.text)")
        }
    }
}
