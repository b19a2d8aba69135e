/// Brings a path without a query into its one spelling, or says why it has none; see ``RequestPath``.
struct PathNormalizer {
    static let controlCharacter = FieldError("must not have control characters, also not as escapes")

    /// The segments so far, each behind a slash.
    private var output: [UInt8] = []
    /// Where the segments begin in the output; nil stands for an empty one, which is nowhere.
    private var starts: [Int?] = []
    private var segment: [UInt8] = []
    private var decoded: [UInt8] = []

    static func normalize(_ path: String) throws(FieldError) -> String {
        var normalizer = PathNormalizer()
        for part in Array(path.utf8).dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            try normalizer.append(part)
        }
        guard normalizer.output.count <= RequestPath.longest else {
            throw FieldError("must have at most \(RequestPath.longest) bytes when its characters are escaped")
        }
        return normalizer.output.isEmpty ? "/" : String(decoding: normalizer.output, as: UTF8.self)
    }

    /// The one spelling of a single segment, which has no slash; dot segments stay.
    static func spelling(ofSegment part: String) throws(FieldError) -> String {
        var normalizer = PathNormalizer()
        try normalizer.spell(Array(part.utf8)[...])
        return String(decoding: normalizer.segment, as: UTF8.self)
    }

    /// Whether nothing needs to change; most paths that clients send are so.
    ///
    /// One with an escape is not, whether or not it is normal: it has to be looked at anyway.
    static func isNormal(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            guard bytes.first == UInt8(ascii: "/") else { return false }
            guard bytes.count > 1 else { return true }
            var start = 1
            for index in 1..<bytes.count {
                if bytes[index] == UInt8(ascii: "/") {
                    guard !Self.isEmptyOrDots(bytes[start..<index]) else { return false }
                    start = index + 1
                } else if !Self.isLiteral(bytes[index]) {
                    return false
                }
            }
            return !Self.isEmptyOrDots(bytes[start...])
        }
    }

    /// The normal path with the escapes decoded whose characters may stand in a segment for themselves.
    ///
    /// RFC 3986 keeps `%3A` and `:` apart, but servers decode both to the same, so that a rule for `/jobs:cancel` has to
    /// see `/jobs%3Acancel` too.
    static func comparable(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), let value = Self.escaped(in: bytes[(index + 1)...]),
                Self.isLiteral(value)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private mutating func append(_ part: ArraySlice<UInt8>) throws(FieldError) {
        guard !part.isEmpty else {
            self.starts.append(nil)
            return
        }
        try self.spell(part)
        if self.segment == [UInt8(ascii: ".")] { return }
        if self.segment == [UInt8(ascii: "."), UInt8(ascii: ".")] {
            try self.removeLast()
            return
        }
        self.starts.append(self.output.count)
        self.output.append(UInt8(ascii: "/"))
        self.output.append(contentsOf: self.segment)
    }

    private mutating func removeLast() throws(FieldError) {
        guard let last = self.starts.popLast() else { throw FieldError("must not climb above the root with ..") }
        // To RFC 3986, `..` removes the empty segment; to servers that merge slashes first, the one before it.
        guard let last else { throw FieldError("must not have .. after a double slash") }
        self.output.removeSubrange(last...)
    }

    /// Writes the one spelling of `part` into `segment`.
    private mutating func spell(_ part: ArraySlice<UInt8>) throws(FieldError) {
        self.segment.removeAll(keepingCapacity: true)
        self.decoded.removeAll(keepingCapacity: true)
        var index = part.startIndex
        while index < part.endIndex {
            var byte = part[index]
            let isEscaped = byte == UInt8(ascii: "%")
            if isEscaped {
                guard let value = Self.escaped(in: part[(index + 1)...]) else {
                    throw FieldError("must have two hexadecimal digits after every %")
                }
                byte = value
                index += 2
            }
            index += 1
            try Self.check(byte, isEscaped: isEscaped)
            self.decoded.append(byte)
            if Self.isUnreserved(byte) || !isEscaped && Self.isLiteral(byte) {
                self.segment.append(byte)
            } else {
                self.segment += [UInt8(ascii: "%"), Self.digit(byte >> 4), Self.digit(byte & 15)]
            }
        }
        try self.checkText()
        try self.checkDoubleEncoding()
    }

    private static func check(_ byte: UInt8, isEscaped: Bool) throws(FieldError) {
        switch byte {
        case 0..<0x20, 0x7F: throw Self.controlCharacter
        case UInt8(ascii: "/"), UInt8(ascii: "\\"):
            throw FieldError("must not have backslashes, or slashes as escapes")
        case UInt8(ascii: ";"): throw FieldError("must not have semicolons, also not as escapes")
        case UInt8(ascii: " ") where !isEscaped: throw FieldError("must have spaces as %20")
        default: break
        }
    }

    /// Refuses what is no UTF-8 (overlong forms such as `%C0%AF` among it), and controls outside ASCII.
    private func checkText() throws(FieldError) {
        guard self.decoded.contains(where: { $0 >= 0x80 }) else { return }
        guard let text = String(validating: self.decoded, as: UTF8.self) else {
            throw FieldError("must be UTF-8 when its escapes are decoded")
        }
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: throw Self.controlCharacter
            default: break
            }
        }
    }

    /// Refuses `%252F`, which a server that decodes twice reads as a slash.
    ///
    /// Looks at the result, so that `%25%32%46` is found too.
    private func checkDoubleEncoding() throws(FieldError) {
        for index in self.segment.indices where self.segment[index...].starts(with: [0x25, 0x32, 0x35]) {
            guard Self.escaped(in: self.segment[(index + 3)...]) == nil else {
                throw FieldError("must not have escapes that are escaped again")
            }
        }
    }

    private static func isEmptyOrDots(_ segment: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        segment.count <= 2 && segment.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    /// RFC 3986 section 2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// What may stand in a segment for itself (RFC 3986 section 3.3), but for the semicolon.
    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: ":"),
            UInt8(ascii: "="), UInt8(ascii: "@"):
            true
        default: Self.isUnreserved(byte)
        }
    }

    /// The byte that two hexadecimal digits at the beginning stand for.
    private static func escaped(in bytes: ArraySlice<UInt8>) -> UInt8? {
        guard let first = bytes.first, let second = bytes.dropFirst().first, let high = Self.value(first),
            let low = Self.value(second)
        else { return nil }
        return high << 4 | low
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
