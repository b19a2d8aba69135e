/// Reads the members of a JSON object into types and collects everything that is wrong.
///
/// Each `read` takes one member. A member that is missing, of the wrong type or refused by its parser becomes a
/// ``Violation`` and the method answers nil; ``finish()`` adds the unknown members and throws them all at once.
public struct ObjectReader {
    private let object: JSONObject
    private let pointer: String
    private var known: Set<String> = []
    /// What is wrong so far.
    public private(set) var violations: [Violation] = []

    /// Reads `object`, which stands at `pointer` in the body.
    public init(_ object: JSONObject, at pointer: String = "") {
        self.object = object
        self.pointer = pointer
    }

    /// Reads a body that has to be an object.
    public init(body: JSON) throws(Problem) {
        guard let object = body.object else {
            throw .validation([Violation("", "The body must be a JSON object.")])
        }
        self.init(object)
    }

    /// Whether the member is there, also as null.
    public func has(_ name: String) -> Bool {
        self.object[name] != nil
    }

    /// Whether the member is there as null.
    public func isNull(_ name: String) -> Bool {
        self.object[name] == .null
    }

    /// Adds something that is wrong with a member.
    public mutating func refuse(_ name: String, _ message: String) {
        self.violations.append(Violation(self.pointer(to: name), message))
    }

    /// Adds violations that a nested reader found.
    public mutating func add(_ more: [Violation]) {
        self.violations.append(contentsOf: more)
    }

    /// The JSON pointer of a member.
    public func pointer(to name: String) -> String {
        Violation.pointer(self.pointer, name)
    }

    /// The raw value of an optional member; null counts as missing.
    public mutating func value(_ name: String) -> JSON? {
        self.known.insert(name)
        guard let value = self.object[name], value != .null else { return nil }
        return value
    }

    /// An optional string that `parse` turns into a type; a thrown ``FieldError`` becomes a violation.
    public mutating func optional<T>(_ name: String, _ parse: (String) throws(FieldError) -> T) -> T? {
        guard let value = self.value(name) else { return nil }
        guard let text = value.string else {
            self.refuse(name, "must be a string")
            return nil
        }
        do throws(FieldError) {
            return try parse(text)
        } catch {
            self.refuse(name, error.message)
            return nil
        }
    }

    /// A required string that `parse` turns into a type.
    public mutating func required<T>(_ name: String, _ parse: (String) throws(FieldError) -> T) -> T? {
        guard self.value(name) != nil else {
            self.refuse(name, "is required")
            return nil
        }
        return self.optional(name, parse)
    }

    /// An optional array of strings, each parsed; the pointers of violations carry the index.
    public mutating func list<T>(
        _ name: String,
        atMost limit: Int,
        _ parse: (String) throws(FieldError) -> T
    ) -> [T]? {
        guard let value = self.value(name) else { return nil }
        guard let elements = value.array else {
            self.refuse(name, "must be an array of strings")
            return nil
        }
        guard elements.count <= limit else {
            self.refuse(name, "must have at most \(limit) elements")
            return nil
        }
        var parsed: [T] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.string else {
                self.violations.append(Violation("\(self.pointer(to: name))/\(index)", "must be a string"))
                continue
            }
            do throws(FieldError) {
                parsed.append(try parse(text))
            } catch {
                self.violations.append(Violation("\(self.pointer(to: name))/\(index)", error.message))
            }
        }
        return parsed
    }

    /// An optional array of objects, each read by `read`.
    public mutating func objects<T>(
        _ name: String,
        atMost limit: Int,
        _ read: (inout ObjectReader) -> T?
    ) -> [T]? {
        guard let value = self.value(name) else { return nil }
        guard let elements = value.array, elements.count <= limit else {
            self.refuse(name, "must be an array of at most \(limit) objects")
            return nil
        }
        var parsed: [T] = []
        for (index, element) in elements.enumerated() {
            let place = "\(self.pointer(to: name))/\(index)"
            guard let object = element.object else {
                self.violations.append(Violation(place, "must be an object"))
                continue
            }
            var reader = ObjectReader(object, at: place)
            let value = read(&reader)
            reader.refuseUnknown()
            self.violations.append(contentsOf: reader.violations)
            if let value { parsed.append(value) }
        }
        return parsed
    }

    /// An optional nested object, read by `read`.
    public mutating func nested<T>(_ name: String, _ read: (inout ObjectReader) -> T?) -> T? {
        guard let value = self.value(name) else { return nil }
        guard let object = value.object else {
            self.refuse(name, "must be an object")
            return nil
        }
        var reader = ObjectReader(object, at: self.pointer(to: name))
        let result = read(&reader)
        reader.refuseUnknown()
        self.violations.append(contentsOf: reader.violations)
        return result
    }

    /// An optional object as it is.
    public mutating func optionalObject(_ name: String) -> JSONObject? {
        guard let value = self.value(name) else { return nil }
        guard let object = value.object else {
            self.refuse(name, "must be an object")
            return nil
        }
        return object
    }

    /// Turns every member that nobody read into a violation.
    public mutating func refuseUnknown() {
        for member in self.object.members where !self.known.contains(member.name) {
            let place = member.name.utf8.count <= 64 ? self.pointer(to: member.name) : self.pointer
            self.violations.append(Violation(place, "is not a known field"))
        }
    }

    /// Throws everything that is wrong, unknown members included.
    public mutating func finish() throws(Problem) {
        self.refuseUnknown()
        guard self.violations.isEmpty else { throw .validation(self.violations) }
    }
}

/// Why one text is not acceptable, for a person; it never repeats the text.
public struct FieldError: Error, Hashable, Sendable {
    /// What is allowed, beginning with a verb: `must be …`.
    public var message: String

    /// Makes an error.
    public init(_ message: String) {
        self.message = message
    }
}
