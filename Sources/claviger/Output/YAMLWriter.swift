import ClavigerCore

/// Writes JSON as YAML for people, in the block style and in a form that is read back as the same value.
enum YAMLWriter {
    /// The lines, without one at the end for nothing.
    static func text(_ json: JSON) -> String {
        Self.lines(json).joined(separator: "\n")
    }

    private static func lines(_ json: JSON) -> [String] {
        switch json {
        case .object(let object) where !object.isEmpty:
            object.members.flatMap { Self.entry(Self.scalar(.string($0.name)) + ":", $0.value) }
        case .array(let elements) where !elements.isEmpty:
            elements.flatMap { element in
                let lines = Self.lines(element)
                return lines.prefix(1).map { "- \($0)" } + lines.dropFirst().map { "  \($0)" }
            }
        default: [Self.scalar(json)]
        }
    }

    private static func entry(_ head: String, _ value: JSON) -> [String] {
        switch value {
        case .object(let object) where !object.isEmpty: [head] + Self.lines(value).map { "  \($0)" }
        case .array(let elements) where elements.allSatisfy({ $0.object == nil && $0.array == nil }):
            // A list of texts stands on one line, as people write it.
            ["\(head) [\(elements.map(Self.scalar).joined(separator: ", "))]"]
        case .array: [head] + Self.lines(value).map { "  \($0)" }
        default: ["\(head) \(Self.scalar(value))"]
        }
    }

    /// A value on one line: as JSON, which is YAML too, but for words that need no quotes.
    private static func scalar(_ json: JSON) -> String {
        if let text = json.string, Self.isPlain(text) { return text }
        // Escapes what a terminal could take for a command; an & might be taken for an anchor.
        let text = json.pretty
        return json.string == nil ? text : text.replacing("&", with: "\\u0026")
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, Self.isLetter(first) else { return false }
        guard !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            Self.isLetter(byte) || (0x30...0x39).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
