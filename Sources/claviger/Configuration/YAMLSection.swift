import ClavigerCore
import Yams

/// A mapping of a YAML file whose keys are read one by one, with the line of everything that is wrong.
///
/// For what swift-configuration has no shape for, such as a list of sections. A value is never repeated in a message.
struct YAMLSection {
    let file: String
    /// The name for messages, such as `proxy.routes[0]`.
    let name: String
    /// The file with the line on which the section begins.
    let place: String
    private let values: [String: (node: Node, place: String)]
    private var known: [String] = []
    private(set) var problems: [ConfigurationProblems.Problem] = []

    /// Takes a node; one that is no mapping is a problem.
    init(_ node: Node, name: String, file: String, place: String) {
        self.file = file
        self.name = name
        self.place = place
        var values: [String: (node: Node, place: String)] = [:]
        if let mapping = node.mapping {
            for (key, value) in mapping {
                let place = Self.place(of: key, in: file) ?? place
                if let name = key.scalar?.string {
                    values[name] = (value, place)
                } else {
                    self.problems.append(.init(place: place, message: "a key must be a word."))
                }
            }
        } else if node.scalar?.string != "" {
            self.problems.append(.init(place: place, message: "\(name) is a section: put its keys below it."))
        }
        self.values = values
    }

    static func place(of node: Node, in file: String) -> String? {
        node.mark.map { "\(file):\($0.line)" }
    }

    /// Where a key stands, or where the section begins.
    func place(of key: String) -> String { self.values[key]?.place ?? self.place }

    /// The value of a key; nil when there is none, or a bad one.
    mutating func value<Value>(_ key: String, _ parse: (String) throws(FieldError) -> Value) -> Value? {
        self.known.append(key)
        guard let (node, place) = self.values[key] else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else {
            self.refuse(key, "must be one value")
            return nil
        }
        do throws(FieldError) {
            return try parse(text)
        } catch {
            self.problems.append(.init(place: place, message: "\(self.name).\(key) \(error.message)."))
            return nil
        }
    }

    /// The value of a key that must be there.
    mutating func needed<Value>(_ key: String, _ parse: (String) throws(FieldError) -> Value) -> Value? {
        if self.values[key] == nil {
            self.known.append(key)
            self.problems.append(.init(place: self.place, message: "\(self.name) needs \(key)."))
            return nil
        }
        return self.value(key, parse)
    }

    /// The values of a list.
    mutating func values<Value>(_ key: String, _ parse: (String) throws(FieldError) -> Value) -> [Value] {
        self.known.append(key)
        guard let (node, _) = self.values[key] else { return [] }
        guard let sequence = node.sequence else {
            self.refuse(key, "must be a list")
            return []
        }
        var result: [Value] = []
        for element in sequence {
            let place = Self.place(of: element, in: self.file) ?? self.place(of: key)
            do throws(FieldError) {
                guard let text = element.scalar?.string else { throw FieldError("must be a list of values") }
                result.append(try parse(text))
            } catch {
                self.problems.append(.init(place: place, message: "\(self.name).\(key) \(error.message)."))
            }
        }
        return result
    }

    /// The section below a key, if there is one.
    mutating func section(_ key: String) -> YAMLSection? {
        self.known.append(key)
        return self.values[key].map { node, place in
            YAMLSection(node, name: "\(self.name).\(key)", file: self.file, place: place)
        }
    }

    /// The sections in a list.
    mutating func sections(_ key: String) -> [YAMLSection] {
        self.known.append(key)
        guard let (node, _) = self.values[key] else { return [] }
        guard let sequence = node.sequence else {
            self.refuse(key, "must be a list: begin each entry with `-`")
            return []
        }
        return sequence.enumerated().map { index, node in
            YAMLSection(
                node,
                name: "\(self.name).\(key)[\(index)]",
                file: self.file,
                place: Self.place(of: node, in: self.file) ?? self.place(of: key)
            )
        }
    }

    mutating func refuse(_ key: String, _ message: String) {
        self.problems.append(.init(place: self.place(of: key), message: "\(self.name).\(key) \(message)."))
    }

    /// Everything that is wrong, keys that nobody asked for among it.
    func finished() -> [ConfigurationProblems.Problem] {
        self.problems
            + self.values.filter { !self.known.contains($0.key) }.sorted { $0.key < $1.key }.map { key, value in
                let guess = Spelling.closest(to: key, in: self.known).map { "; did you mean \($0)?" }
                let all = "; \(self.name) has \(self.known.joined(separator: ", "))."
                return .init(
                    place: value.place,
                    message: "\(self.name).\(key.printable) is not a known key\(guess ?? all)"
                )
            }
    }
}
