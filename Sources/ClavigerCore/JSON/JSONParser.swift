/// Why bytes are not acceptable JSON.
///
/// Positions are byte offsets; no content is repeated.
public enum JSONError: Error, Hashable {
    case unexpectedEnd
    case unexpectedByte(offset: Int)
    case invalidUTF8
    case invalidEscape(offset: Int)
    case invalidNumber(offset: Int)
    case duplicateName(offset: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)

    /// The error for a person.
    public var message: String {
        switch self {
        case .unexpectedEnd: "The JSON ends too early."
        case .unexpectedByte(let offset): "The JSON has an unexpected character at byte \(offset)."
        case .invalidUTF8: "The JSON is not valid UTF-8."
        case .invalidEscape(let offset): "The JSON has an invalid escape sequence at byte \(offset)."
        case .invalidNumber(let offset): "The JSON has an invalid or too large number at byte \(offset)."
        case .duplicateName(let offset): "An object in the JSON has the same name twice, at byte \(offset)."
        case .tooDeep(let limit): "The JSON is nested deeper than \(limit) levels."
        case .tooManyValues(let limit): "The JSON has more than \(limit) values."
        }
    }
}

/// How large a JSON text may be before it is refused.
public struct JSONLimits: Sendable {
    /// Levels of arrays and objects.
    public var depth: Int
    /// Values in all, so that small bytes cannot become much memory.
    public var values: Int

    /// Makes limits.
    public init(depth: Int = 32, values: Int = 100_000) {
        self.depth = depth
        self.values = values
    }
}

extension JSON {
    /// Reads one JSON text (RFC 8259), strictly: one value, valid UTF-8, no duplicate names, no lone surrogates.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in try Self.parse(buffer, limits: limits) }
    }

    /// Reads one JSON text from a buffer.
    public static func parse(
        _ buffer: UnsafeBufferPointer<UInt8>,
        limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSON {
        var parser = JSONParser(buffer, limits: limits)
        return try parser.parseText()
    }
}

private struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let limits: JSONLimits
    private var position = 0
    private var values = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parseText() throws(JSONError) -> JSON {
        self.skipWhitespace()
        let value = try self.parseValue(depth: 0)
        self.skipWhitespace()
        guard self.position == self.bytes.count else { throw .unexpectedByte(offset: self.position) }
        return value
    }

    private mutating func skipWhitespace() {
        while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard self.position < self.bytes.count else { throw .unexpectedEnd }
        return self.bytes[self.position]
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
        self.values += 1
        guard self.values <= self.limits.values else { throw .tooManyValues(limit: self.limits.values) }
        switch try self.peek() {
        case UInt8(ascii: "{"): return try self.parseObject(depth: depth + 1)
        case UInt8(ascii: "["): return try self.parseArray(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try self.parseString())
        case UInt8(ascii: "t"): return try self.parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try self.parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try self.parseWord("null", .null)
        default: return try self.parseNumber()
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            guard try self.peek() == word.utf8Start[index] else { throw .unexpectedByte(offset: self.position) }
            self.position += 1
        }
        return value
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
        guard depth <= self.limits.depth else { throw .tooDeep(limit: self.limits.depth) }
        self.position += 1
        var object = JSONObject()
        // A linear look-up is fastest for the few members that bodies have; a set takes over for many.
        var names: Set<[UInt8]> = []
        self.skipWhitespace()
        if try self.peek() == UInt8(ascii: "}") {
            self.position += 1
            return .object(object)
        }
        while true {
            self.skipWhitespace()
            let start = self.position
            guard try self.peek() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: self.position) }
            let name = try self.parseString()
            if object.members.count < 16 {
                guard object[name] == nil else { throw .duplicateName(offset: start) }
            } else {
                if names.isEmpty { names = Set(object.members.map { Array($0.name.utf8) }) }
                guard names.insert(Array(name.utf8)).inserted else { throw .duplicateName(offset: start) }
            }
            self.skipWhitespace()
            guard try self.peek() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: self.position) }
            self.position += 1
            self.skipWhitespace()
            object.append(unique: name, try self.parseValue(depth: depth))
            guard try self.parseSeparator(closing: UInt8(ascii: "}")) else { return .object(object) }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
        guard depth <= self.limits.depth else { throw .tooDeep(limit: self.limits.depth) }
        self.position += 1
        var elements: [JSON] = []
        self.skipWhitespace()
        if try self.peek() == UInt8(ascii: "]") {
            self.position += 1
            return .array(elements)
        }
        while true {
            self.skipWhitespace()
            elements.append(try self.parseValue(depth: depth))
            guard try self.parseSeparator(closing: UInt8(ascii: "]")) else { return .array(elements) }
        }
    }

    /// Whether another element follows.
    private mutating func parseSeparator(closing: UInt8) throws(JSONError) -> Bool {
        self.skipWhitespace()
        let byte = try self.peek()
        guard byte == closing || byte == UInt8(ascii: ",") else { throw .unexpectedByte(offset: self.position) }
        self.position += 1
        return byte != closing
    }

    private mutating func parseString() throws(JSONError) -> String {
        self.position += 1
        let start = self.position
        // Most strings have no escapes: find the end, then decode once.
        while true {
            let byte = try self.peek()
            if byte == UInt8(ascii: "\"") {
                let raw = UnsafeBufferPointer(rebasing: self.bytes[start..<self.position])
                self.position += 1
                guard let text = String(validating: raw, as: UTF8.self) else { throw .invalidUTF8 }
                return text
            }
            if byte == UInt8(ascii: "\\") { return try self.parseEscapedString(from: start) }
            guard byte >= 0x20 else { throw .unexpectedByte(offset: self.position) }
            self.position += 1
        }
    }

    private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
        var decoded = Array(self.bytes[start..<self.position])
        while true {
            let byte = try self.peek()
            switch byte {
            case UInt8(ascii: "\""):
                self.position += 1
                guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
                return text
            case UInt8(ascii: "\\"):
                decoded.append(contentsOf: String(try self.parseEscape()).utf8)
            case 0x20...:
                decoded.append(byte)
                self.position += 1
            default:
                throw .unexpectedByte(offset: self.position)
            }
        }
    }

    private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
        let start = self.position
        self.position += 1
        let kind = try self.peek()
        self.position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw .invalidEscape(offset: start)
        }
        let first = try self.parseHex(start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // A high surrogate must be followed by a low one.
        guard (0xD800..<0xDC00).contains(first), try self.peek() == UInt8(ascii: "\\") else {
            throw .invalidEscape(offset: start)
        }
        self.position += 1
        guard try self.peek() == UInt8(ascii: "u") else { throw .invalidEscape(offset: start) }
        self.position += 1
        let second = try self.parseHex(start)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .invalidEscape(offset: start) }
        return scalar
    }

    private mutating func parseHex(_ start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try self.peek()
            guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .invalidEscape(offset: start)
            }
            value = value << 4 | UInt32(digit)
            self.position += 1
        }
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = self.position
        var isInteger = true
        scan: while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
            default: break scan
            }
            self.position += 1
        }
        guard self.position > start else { throw .unexpectedByte(offset: start) }
        guard Self.hasNumberShape(self.bytes[start..<self.position]) else { throw .invalidNumber(offset: start) }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw .invalidNumber(offset: start) }
        // A whole number beyond 64 bits is taken if nothing is lost, so that what the writer makes of 1e20 reads back.
        guard !isInteger || ECMAScriptNumber.text(number) == text else { throw .invalidNumber(offset: start) }
        return .number(number)
    }

    /// RFC 8259 section 6: no leading zeros or plus sign, digits on both sides of the point.
    private static func hasNumberShape(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var rest = text
        func skip(_ characters: Unicode.Scalar...) -> Bool {
            guard characters.contains(where: { UInt8(ascii: $0) == rest.first }) else { return false }
            rest.removeFirst()
            return true
        }
        func skipDigits() -> Bool {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest[digits.endIndex...]
            return !digits.isEmpty
        }
        _ = skip("-")
        guard skip("0") || skipDigits() else { return false }
        if skip("."), !skipDigits() { return false }
        if skip("e", "E") {
            _ = skip("+", "-")
            guard skipDigits() else { return false }
        }
        return rest.isEmpty
    }
}
