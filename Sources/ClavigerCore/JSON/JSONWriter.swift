/// Writes JSON into a growing byte array.
///
/// The verification answer is written with it directly; everything else goes through ``JSON/serialized()``.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// Makes an empty writer.
    public init(reserving capacity: Int = 256) {
        self.bytes.reserveCapacity(capacity)
    }

    /// Writes punctuation or a literal as it is.
    public mutating func raw(_ text: StaticString) {
        self.bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes bytes that are JSON already.
    public mutating func raw(_ json: [UInt8]) {
        self.bytes.append(contentsOf: json)
    }

    /// Writes a whole number.
    public mutating func integer(_ value: Int64) {
        self.bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a truth value.
    public mutating func bool(_ value: Bool) {
        value ? self.raw("true") : self.raw("false")
    }

    /// Writes a quoted string; only what RFC 8785 section 3.2.2.2 escapes is escaped.
    public mutating func string(_ value: String) {
        self.bytes.append(UInt8(ascii: "\""))
        // Most strings have nothing to escape and are copied at once.
        let isPlain = value.utf8.withContiguousStorageIfAvailable { utf8 in
            let isPlain = utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            if isPlain { self.bytes.append(contentsOf: utf8) }
            return isPlain
        }
        if isPlain != true { self.escaped(value) }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): self.raw("\\\"")
            case UInt8(ascii: "\\"): self.raw("\\\\")
            case 0x08: self.raw("\\b")
            case 0x09: self.raw("\\t")
            case 0x0A: self.raw("\\n")
            case 0x0C: self.raw("\\f")
            case 0x0D: self.raw("\\r")
            case 0..<0x20:
                self.raw("\\u00")
                self.bytes.append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 15
                self.bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default: self.bytes.append(byte)
            }
        }
    }

    /// Writes any value; with `sorted`, members are in the order of RFC 8785.
    public mutating func value(_ json: JSON, sorted: Bool = false) {
        switch json {
        case .null: self.raw("null")
        case .bool(let value): self.bool(value)
        case .integer(let value): self.integer(value)
        case .number(let value): self.number(value)
        case .string(let value): self.string(value)
        case .array(let elements):
            self.raw("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { self.raw(",") }
                self.value(element, sorted: sorted)
            }
            self.raw("]")
        case .object(let object):
            self.raw("{")
            let members = sorted ? object.members.sorted { Self.precedes($0.name, $1.name) } : object.members
            for (index, member) in members.enumerated() {
                if index > 0 { self.raw(",") }
                self.string(member.name)
                self.raw(":")
                self.value(member.value, sorted: sorted)
            }
            self.raw("}")
        }
    }

    /// RFC 8785 section 3.2.3: by UTF-16 code units, which for ASCII are the bytes.
    private static func precedes(_ one: String, _ other: String) -> Bool {
        if one.utf8.count == one.utf16.count, other.utf8.count == other.utf16.count {
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return one.utf16.lexicographicallyPrecedes(other.utf16)
    }

    /// RFC 8785 section 3.2.2.3: the ECMAScript form, which has the shortest digits that read back the same.
    private mutating func number(_ value: Double) {
        self.bytes.append(contentsOf: ECMAScriptNumber.text(value).utf8)
    }
}

extension JSON {
    /// The value as compact JSON, members in their order.
    public func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// The value as canonical JSON (RFC 8785).
    public func canonical() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self, sorted: true)
        return writer.bytes
    }
}
