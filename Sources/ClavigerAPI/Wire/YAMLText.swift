public import ClavigerCore
import Yams

/// YAML as another way to write JSON: mappings, sequences and scalars, and nothing that YAML has beyond them.
///
/// Anchors and tags are refused: the one makes a small text large, and the other gives a meaning that JSON has not. Words
/// such as `yes` and `on` are texts, as in YAML 1.2; only `true`, `false`, `null`, `~` and numbers are more than that.
public enum YAMLText {
    private static let deepest = 32
    private static let mostValues = 20_000

    /// Reads one document.
    ///
    /// - Throws: a ``Problem`` that says where it cannot be read, and never repeats the text.
    public static func json(_ bytes: [UInt8]) throws(Problem) -> JSON {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.invalidRequest, "The YAML must be UTF-8.")
        }
        // Before the parser, which would copy what an alias names, and compare it when it is a key.
        if let line = Self.lineOfAnchor(in: text) {
            throw Problem(
                .invalidRequest,
                """
                The YAML must not have anchors (line \(line)). In a text, write an & at the beginning of a word as "\\x26", \
                between double quotes.
                """
            )
        }
        let root: Node?
        do {
            root = try Yams.Parser(yaml: text).singleRoot()
        } catch {
            throw Problem(.invalidRequest, Self.explanation(of: error))
        }
        guard let root else { throw Problem(.invalidRequest, "The YAML has no document.") }
        var count = 0
        return try Self.json(root, depth: 0, &count)
    }

    /// The first line in which something could be an anchor: an `&` with a character behind it, where a value can begin.
    ///
    /// Nothing is taken for a quoted text: whoever is fooled about that lets an anchor pass.
    private static func lineOfAnchor(in text: String) -> Int? {
        var line = 1
        var before: Unicode.Scalar = "\n"
        var isComment = false
        var isLineEmpty = true
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            defer { before = scalar }
            if Self.breaks.contains(scalar) {
                if scalar != "\r" || scalars.first != "\n" { line += 1 }
                (isComment, isLineEmpty) = (false, true)
                continue
            }
            if scalar == "#", isLineEmpty { isComment = true }
            if scalar != " " { isLineEmpty = false }
            guard scalar == "&", !isComment, let next = scalars.first else { continue }
            if Self.openers.contains(before) || Self.breaks.contains(before), next != " ", !Self.breaks.contains(next) {
                return line
            }
        }
        return nil
    }

    private static let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
    private static let openers: Set<Unicode.Scalar> = [" ", "\t", "\u{FEFF}", "[", "{", ",", ":", "?"]

    private static func json(_ node: Node, depth: Int, _ count: inout Int) throws(Problem) -> JSON {
        count += 1
        guard depth <= Self.deepest, count <= Self.mostValues else {
            throw Problem(
                .invalidRequest,
                "The YAML must have at most \(Self.deepest) levels and \(Self.mostValues) values."
            )
        }
        switch node {
        case .scalar(let scalar):
            // The parser calls what stands between quotes a text, also where nobody wrote a tag.
            guard scalar.style == .plain || scalar.tag.rawValue != Tag.Name.str.rawValue else {
                return .string(scalar.string)
            }
            try Self.refuseTag(scalar.tag, node)
            return scalar.style == .plain ? Self.plain(scalar.string) : .string(scalar.string)
        case .sequence(let sequence):
            try Self.refuseTag(sequence.tag, node)
            var elements: [JSON] = []
            for element in sequence { elements.append(try Self.json(element, depth: depth + 1, &count)) }
            return .array(elements)
        case .mapping(let mapping):
            try Self.refuseTag(mapping.tag, node)
            var object = JSONObject()
            for (key, value) in mapping {
                guard let name = key.scalar else {
                    throw Problem(.invalidRequest, "The YAML must have words as keys\(Self.place(of: key)).")
                }
                object[name.string] = try Self.json(value, depth: depth + 1, &count)
            }
            return .object(object)
        case .alias: throw Problem(.invalidRequest, "The YAML must not have aliases\(Self.place(of: node)).")
        }
    }

    /// A scalar without quotes.
    private static func plain(_ text: String) -> JSON {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default:
            // A number is what JSON takes for one; anything else, such as 0x10 or 1_000, is a text.
            guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
                let number = try? JSON.parse(Array(text.utf8))
            else { return .string(text) }
            return number
        }
    }

    private static func refuseTag(_ tag: Tag, _ node: Node) throws(Problem) {
        guard tag == .implicit else {
            throw Problem(.invalidRequest, "The YAML must not have tags\(Self.place(of: node)).")
        }
    }

    private static func place(of node: Node) -> String {
        node.mark.map { " (line \($0.line), column \($0.column))" } ?? ""
    }

    private static func explanation(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // The parser's own words, none of the text.
            "The YAML cannot be read: line \(mark.line), column \(mark.column): \(problem)."
        case .duplicatedKeysInMapping(_, let context):
            "The YAML has a key twice in the mapping at line \(context.mark.line)."
        default: "The YAML cannot be read."
        }
    }
}
