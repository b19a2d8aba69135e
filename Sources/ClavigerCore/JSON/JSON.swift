/// A JSON value (RFC 8259) that keeps the order of members.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The text, if this is a string.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The number, if this is a whole one.
    public var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements, if this is an array.
    public var array: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// The members, if this is an object.
    public var object: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// The member of an object, or nil.
    public subscript(name: String) -> JSON? {
        self.object?[name]
    }
}

/// The members of a JSON object in their order; names are unique.
///
/// Names are compared byte by byte (RFC 8259 section 8.3), not by Unicode equivalence as Swift compares strings.
public struct JSONObject: Hashable, Sendable {
    /// Names and values in order.
    public private(set) var members: [(name: String, value: JSON)]

    /// Makes an empty object.
    public init() {
        self.members = []
    }

    /// Makes an object from members with unique names; later ones replace earlier ones.
    public init(_ members: [(String, JSON)]) {
        self.members = []
        for (name, value) in members { self[name] = value }
    }

    /// The value of a member.
    ///
    /// Setting nil removes it.
    public subscript(name: String) -> JSON? {
        get { self.index(of: name).map { self.members[$0].value } }
        set {
            let index = self.index(of: name)
            switch (index, newValue) {
            case (let index?, let value?): self.members[index].value = value
            case (let index?, nil): self.members.remove(at: index)
            case (nil, let value?): self.members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        self.members.firstIndex { Self.isSame($0.name, name) }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && one.utf8.elementsEqual(other.utf8)
    }

    /// Whether there are no members.
    public var isEmpty: Bool { self.members.isEmpty }

    /// Appends a member whose name is known to be new.
    package mutating func append(unique name: String, _ value: JSON) {
        self.members.append((name, value))
    }

    /// Two objects are equal when they have the same members in any order.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.members.count == rhs.members.count && lhs.members.allSatisfy { rhs[$0.name] == $0.value }
    }

    /// Takes in the number of members only, as their order does not count.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.members.count)
    }

    /// Applies a JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces.
    public func merging(_ patch: JSONObject) -> JSONObject {
        var result = self
        for (name, value) in patch.members {
            switch value {
            case .null: result[name] = nil
            case .object(let nested): result[name] = .object((result[name]?.object ?? JSONObject()).merging(nested))
            default: result[name] = value
            }
        }
        return result
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes a whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Makes an array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// Members whose value is nil are left out.
    public init(dictionaryLiteral elements: (String, JSON?)...) {
        self = .object(JSONObject(elements.compactMap { name, value in value.map { (name, $0) } }))
    }
}
